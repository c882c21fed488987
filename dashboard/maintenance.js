/*
 * Who may be restarted tonight, by site: the fault strikes when an MTA starts, so a server that has it in
 * place runs well until its restart.
 */

import { paths } from "./api.js";
import { html } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, Badge, DataTable, Link, Main, NoAnswer, Section, SiteChoice, siteAt, TextCell } from "./parts.js";
import { place, serverQuery } from "./place.js";
import { reasonOf, RESTARTS } from "./words.js";

function Row({ server }) {
  return html`<tr data-server=${server.server}>
    <td><${Link} class="link" here=${{ server: server.server }}><bdi>${server.server}</bdi><//></td>
    <td><${Badge} server=${server} /></td>
    <${TextCell}>${server.silent ? "It has stopped reporting. " : ""}${reasonOf(server).text}<//>
    <td>${server.reported_at && html`<${Age} at=${server.reported_at} ago />`}</td></tr>`;
}

function Group({ answer, servers }) {
  const { heading } = RESTARTS[answer];
  const rows = servers.filter((server) => server.restart === answer);
  return html`<${Section} title=${`${heading} (${rows.length})`} id=${`restart-${answer}`} wide>
    <${DataTable} heads=${["Server", "Verdict", "Why", "Report"]} label=${heading}>
      ${rows.map((server) => html`<${Row} key=${server.server} server=${server} />`)}<//><//>`;
}

function Groups({ site }) {
  const query = serverQuery({ page: "servers", verdict: [], q: "", ...site });
  const { body, next, error } = useAnswer(paths.servers(query));
  if (!body) return html`<${NoAnswer} error=${error} />`;
  const part = `These are the ${body.servers.length} worst of ${body.matched} servers.`;
  return html`${next && html`<p class="note">${part}</p>`}
    <div class="by-restart">${Object.keys(RESTARTS).map((answer) => html`
      <${Group} key=${answer} answer=${answer} servers=${body.servers} />`)}</div>`;
}

function Maintenance({ sites }) {
  const site = siteAt(place.use((state) => state), sites);
  return html`<p class="summary"><${SiteChoice} id="maintenance-site" sites=${sites} chosen=${site} /></p>
    <p class="quiet">Restart one server of a site at a time: what is known of the ways between servers was seen while
      the others were there.</p><${Groups} site=${site} />`;
}

export function MaintenancePage() {
  const { body, error } = useAnswer(paths.sites());
  return html`<${Main} title="Maintenance: who may be restarted">
    ${body?.length > 0 && html`<${Maintenance} sites=${body} />`}
    ${body?.length === 0 && html`<p class="empty">No site is known yet: the first report makes one.</p>`}
    ${!body && html`<${NoAnswer} error=${error} />`}<//>`;
}
