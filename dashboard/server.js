/* The page of one server: why, what to do, and everything that it rests on. */

import { Adapters } from "./adapters.js";
import { paths } from "./api.js";
import { Badge } from "./badge.js";
import { Decommission } from "./decommission.js";
import { Files } from "./files.js";
import { Host } from "./host.js";
import { html, useEffect, useRef } from "./html.js";
import { closeServer } from "./keys.js";
import { useAnswer } from "./live.js";
import { Mta } from "./mta.js";
import { goToPage, pageUrl, placeUrl } from "./place.js";
import { Probes } from "./probes.js";
import { Problems } from "./problems.js";
import { Raw } from "./raw.js";
import { Remedy } from "./remedy.js";
import { Missing } from "./section.js";
import { Timeline } from "./timeline.js";
import { Age, Moment } from "./when.js";
import { Why } from "./why.js";

function plainClick(event, action) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  action();
}

function SiteLink({ server }) {
  const place = { organization: server.organization ?? "", site: server.site ?? "" };
  const text = [server.organization, server.site].filter(Boolean).join(" / ");
  if (!text) return "no site";
  return html`<a href=${pageUrl("matrix", place)} title="Reachability matrix of the site ( m )"
    onClick=${(event) => plainClick(event, () => goToPage("matrix", place))}><bdi>${text}</bdi></a>`;
}

function Head({ name, server }) {
  const title = useRef(null);
  useEffect(() => {
    title.current.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  return html`<header class="server-head">
    <a class="button" id="back" href=${placeUrl({ server: "" })} title="Back to the list ( Esc )"
      onClick=${(event) => plainClick(event, closeServer)}>‹ List</a>
    <h2 id="server-name" tabindex="-1" ref=${title}><bdi>${server?.server ?? name}</bdi></h2>
    ${server && html`<${Badge} server=${server} />
      <p class="quiet"><${SiteLink} server=${server} />
        <span> · since <${Moment} at=${server.since} /></span>
        ${server.reported_at && html`<span> · report <${Age} at=${server.reported_at} ago lateAfter=${2 * (server.interval_s ?? 0)} /></span>`}</p>
      <div class="server-actions">
        <a class="button" href=${pageUrl("alerts", { server: server.server })} title="( a )"
          onClick=${(event) => plainClick(event, () => goToPage("alerts", { server: server.server }))}>Alerts</a>
        <${Decommission} name=${server.server} /></div>`}
  </header>`;
}

export function ServerPage({ name }) {
  const { body: server, error } = useAnswer(paths.server(name));
  return html`<main id="list" tabindex="-1" class="server" data-server=${name}>
    <${Head} name=${name} server=${server} />
    ${!server ? html`<${Missing} error=${error} />` : html`<div class="cards">
      <div class="column"><${Why} server=${server} /><${Remedy} server=${server} /></div>
      <div class="column"><${Mta} server=${server} /><${Adapters} server=${server} /></div>
      <${Timeline} server=${server} />
      <${Probes} server=${server} />
      <${Files} server=${server} />
      <div class="column"><${Host} server=${server} /><${Problems} server=${server} /></div>
      <${Raw} server=${server} />
    </div>`}
  </main>`;
}
