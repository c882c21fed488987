/* The servers that there should be: those that never reported are in the list as not monitored. */

import { paths, putInventory, removeExpected } from "./api.js";
import { Dialog, Field } from "./dialog.js";
import { html, useState } from "./html.js";
import { beatNow, failed, useAnswer } from "./live.js";
import { goToPage, pageUrl } from "./place.js";
import { Facts, Missing, Quiet } from "./section.js";
import { useMay } from "./session.js";
import { Moment } from "./when.js";
import { count } from "./words.js";

const SHOWN = 500; // more than that is read in the file that was imported

function ImportDialog({ onClose }) {
  return html`<${Dialog} title="Import the inventory" submit="Replace the inventory" onSubmit=${({ list }) => putInventory(list)} onClose=${onClose}>
    <p>One server a line, or CSV with the columns name, organization, site. It replaces the whole inventory.</p>
    <${Field} label="Servers" name="list"><textarea id="field-list" name="list" rows="10" spellcheck="false" required></textarea><//><//>`;
}

function Expected({ server, may }) {
  const remove = () => removeExpected(server.server).then(beatNow, failed);
  const open = (event) => {
    event.preventDefault();
    goToPage("servers", { server: server.server });
  };
  return html`<tr data-row=${server.server}><th scope="row"><a class="row-action" href=${pageUrl("servers", { server: server.server })} onClick=${open}><bdi>${server.server}</bdi></a></th>
    <td><bdi>${server.organization || "–"}</bdi></td><td><bdi>${server.site || "–"}</bdi></td><td><${Moment} at=${server.since} /></td>
    <td class="actions">${may && html`<button type="button" class="button" onClick=${remove}>Remove</button>`}</td></tr>`;
}

export function Inventory() {
  const { body, error } = useAnswer(paths.inventory());
  const may = useMay("operator");
  const [importing, setImporting] = useState(false);
  if (!body) return html`<${Missing} error=${error} missing="This collector keeps no inventory." />`;
  const servers = body.servers ?? [];
  return html`<div class="headline"><p class="quiet">${count(servers.length, "server")} expected. One that never reported is shown as not monitored, never as nothing.</p>
      <a class="link" href=${pageUrl("servers", { verdict: ["not_monitored"] })} onClick=${(event) => {
    event.preventDefault();
    goToPage("servers", { verdict: ["not_monitored"] });
  }}>Those that never reported</a>
      ${may && html`<button type="button" class="button primary" id="import" onClick=${() => setImporting(true)}>Import…</button>`}</div>
    <div class="card">${servers.length === 0 ? html`<${Quiet}>No inventory is kept.<//>` : html`<${Facts} label="Inventory" kind="compact" heads=${["Server", "Organization", "Site", "Expected since", ""]}>
      ${servers.slice(0, SHOWN).map((server) => html`<${Expected} key=${server.server} server=${server} may=${may} />`)}<//>`}
      ${servers.length > SHOWN && html`<${Quiet}>and ${servers.length - SHOWN} more<//>`}</div>
    ${importing && html`<${ImportDialog} onClose=${() => setImporting(false)} />`}`;
}
