/* The page of one server: why, what to do, and everything that it rests on. */

import { paths, removeServer } from "./api.js";
import { Dialog, Field } from "./dialog.js";
import { Adapters, Files, Host, Mta, Probes, Problems, Raw } from "./facts.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, Badge, Link, Missing, Moment } from "./parts.js";
import { Release } from "./operator.js";
import { goTo, siteName, siteOf } from "./place.js";
import { useMay } from "./reader.js";
import { Timeline } from "./timeline.js";
import { FactTree, Remedy, Why } from "./why.js";

/* ---- actions ---- */

function Decommission({ name, onClose }) {
  const remove = async ({ reason }) => {
    await removeServer(name, reason);
    goTo({ server: "" }, { replace: true });
  };
  return html`<${Dialog} title=${`Take ${name} out of the fleet?`} submit="Decommission" danger onSubmit=${remove} onClose=${onClose}>
    <p>No server is asked to probe it any more, and it is not watched any longer. Should it report again, it is back.</p>
    <${Field} label="Reason, for the audit log" name="reason" maxlength="1024" /><//>`;
}

function Actions({ server }) {
  const may = useMay("operator");
  const [asking, ask] = useState("");
  const close = () => ask("");
  const agent = server.report?.agent?.id;
  return html`<div class="server-actions">
    <${Link} class="button" page="alerts" to=${{ server: server.server }} title="( a )">Alerts<//>
    ${may && agent && html`<button type="button" class="button" onClick=${() => ask("release")}>Release agent</button>`}
    ${may && html`<button type="button" class="button" onClick=${() => ask("decommission")}>Decommission</button>`}
    ${asking === "release" && html`<${Release} id=${agent} host=${server.server} onClose=${close} />`}
    ${asking === "decommission" && html`<${Decommission} name=${server.server} onClose=${close} />`}</div>`;
}

/* ---- server ---- */

function SiteLink({ server }) {
  return html`<${Link} id="matrix-link" page="matrix" to=${siteOf(server)} title="Reachability matrix of the site ( m )"><bdi>${siteName(server)}</bdi><//>`;
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
      <${Actions} server=${server} />`}
  </header>`;
}

export function ServerPage({ name }) {
  const { body: server, error } = useAnswer(paths.server(name));
  return html`<main id="list" tabindex="-1" class=${server?.silent ? "server old" : "server"} data-server=${name}>
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
