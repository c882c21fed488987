/* The page of one server: why, what to do, and everything that it rests on. */

import { paths, removeServer } from "./api.js";
import { Dialog, Field } from "./dialog.js";
import { Adapters, Files, Host, Mta, Probes, Problems, Raw } from "./facts.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, Badge, Link, Missing, Moment } from "./parts.js";
import { goTo } from "./place.js";
import { useMay } from "./reader.js";
import { Timeline } from "./timeline.js";
import { FactTree, Remedy, Why } from "./why.js";

/* ---- decommission ---- */

function Decommission({ name }) {
  const may = useMay("operator");
  const [asking, ask] = useState(false);
  if (!may) return null;
  const remove = async ({ reason }) => {
    await removeServer(name, reason);
    goTo({ server: "" }, { replace: true });
  };
  return html`<button type="button" class="button" onClick=${() => ask(true)}>Decommission</button>
    ${asking && html`<${Dialog} title=${`Take ${name} out of the fleet?`} submit="Decommission" danger onSubmit=${remove} onClose=${() => ask(false)}>
      <p>No server is asked to probe it any more, and it is not watched any longer. Should it report again, it is back.</p>
      <${Field} label="Reason, for the audit log" name="reason" maxlength="1024" /><//>`}`;
}

/* ---- server ---- */

function SiteLink({ server }) {
  const place = { organization: server.organization ?? "", site: server.site ?? "" };
  const text = [server.organization, server.site].filter(Boolean).join(" / ");
  if (!text) return "no site";
  return html`<${Link} page="matrix" to=${place} title="Reachability matrix of the site ( m )"><bdi>${text}</bdi><//>`;
}

function Head({ name, server }) {
  const title = useRef(null);
  useEffect(() => {
    title.current.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  return html`<header class="server-head">
    <${Link} class="button" id="back" here=${{ server: "" }} title="Back to the list ( Esc )">‹ List<//>
    <h2 id="server-name" tabindex="-1" ref=${title}><bdi>${server?.server ?? name}</bdi></h2>
    ${server && html`<${Badge} server=${server} />
      <p class="quiet"><${SiteLink} server=${server} />
        <span> · since <${Moment} at=${server.since} /></span>
        ${server.reported_at && html`<span> · report <${Age} at=${server.reported_at} ago lateAfter=${2 * (server.interval_s ?? 0)} /></span>`}</p>
      <div class="server-actions">
        <${Link} class="button" page="alerts" to=${{ server: server.server }} title="( a )">Alerts<//>
        <${Decommission} name=${server.server} /></div>`}
  </header>`;
}

export function ServerPage({ name }) {
  const { body: server, error } = useAnswer(paths.server(name));
  return html`<main id="list" tabindex="-1" class="server" data-server=${name}>
    <${Head} name=${name} server=${server} />
    ${!server ? html`<${Missing} error=${error} />` : html`<div class="cards">
      <div class="column"><${Why} server=${server} /><${Remedy} server=${server} />
        <${FactTree} facts=${server.facts} /><${Problems} server=${server} /><${Host} server=${server} /></div>
      <div class="column"><${Adapters} server=${server} /><${Probes} server=${server} /><${Mta} server=${server} /></div>
      <${Timeline} server=${server} />
      <${Files} server=${server} />
      <${Raw} server=${server} />
    </div>`}
  </main>`;
}
