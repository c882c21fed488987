/* Alerts: what is wrong now, who looks after it, what is silenced, and what was told to whom. */

import { paths } from "./api.js";
import { AlertRow } from "./alert_row.js";
import { Deliveries } from "./deliveries.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { goTo, place } from "./place.js";
import { Missing, Section } from "./section.js";
import { SilenceDialog, Silences } from "./silences.js";
import { useMay } from "./session.js";

const STATES = [["firing", "Firing"], ["pending", "Pending"], ["resolved", "Resolved"]];
const LIMIT = "200";

function StateFilter({ state }) {
  const toggle = (name) => goTo({ state: state.includes(name) ? state.filter((s) => s !== name) : [...state, name], cursor: "" });
  return html`<p class="choices" role="group" aria-label="Alerts by state">${STATES.map(([name, word]) => html`<button type="button"
    key=${name} aria-pressed=${String(state.includes(name))} onClick=${() => toggle(name)}>${word}</button>`)}</p>`;
}

function queryOf({ state, server, site, cursor }) {
  const query = new URLSearchParams({ limit: LIMIT });
  for (const name of state) query.append("state", name);
  for (const [name, value] of Object.entries({ server, site, cursor })) if (value) query.set(name, value);
  return query;
}

function Table({ alerts }) {
  if (alerts.length === 0) return html`<p class="empty" id="no-alerts">No alert fits what is asked for.</p>`;
  return html`<div class="wide" tabindex="0" role="region" aria-label="Alerts"><table class="grid" id="alerts"><thead><tr>
    ${["State", "Server", "Site", "What", "Since", "Looked after", ""].map((head) => html`<th scope="col">${head || html`<span class="visually-hidden">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${alerts.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} />`)}</tbody></table></div>`;
}

export function Alerts() {
  const where = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.alerts(queryOf(where)));
  const may = useMay("operator");
  const [silencing, silence] = useState(false);
  const filtered = where.server || where.site;
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline">Alerts${where.server && html` of <bdi>${where.server}</bdi>`}</h2>
      <${StateFilter} state=${where.state} />
      ${filtered && html`<button type="button" class="link" onClick=${() => goTo({ server: "", site: "", organization: "" })}>All servers</button>`}
      ${may && body && html`<button type="button" class="button" id="add-silence" onClick=${() => silence(true)}>Silence…</button>`}</div>
    ${body ? html`<${Table} alerts=${body.alerts ?? []} />`
    : html`<${Missing} error=${error} missing="This collector has no alerts API: it is an older one. Its hook still tells of every change of a verdict." />`}
    ${next && html`<nav class="pager" aria-label="Pages of alerts"><button type="button" class="button" onClick=${() => goTo({ cursor: next })}>Next</button></nav>`}
    ${silencing && html`<${SilenceDialog} matchers=${where.server ? { server: where.server } : {}} onClose=${() => silence(false)} />`}
    ${body && html`<div class="cards"><${Section} title="Silences" id="silences" wide><${Silences} /><//>
      <${Section} title="Deliveries" id="deliveries" wide><${Deliveries} /><//></div>`}
  </main>`;
}
