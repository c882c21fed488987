/* The MTA: the state of its service, its last start and its last failure, with their events. */

import { html } from "./html.js";
import { Pair, Quiet, Section } from "./section.js";
import { Moment } from "./when.js";
import { serviceWord } from "./words.js";

function Event({ event }) {
  return html`<span class="event"><code>${event.id}</code>
    ${event.nt_error ? html`<code class="bad-text">NT Error ${event.nt_error}</code>` : null}
    <span class="sub"><bdi>${event.text ?? ""}</bdi></span></span>`;
}

function Start({ term, start }) {
  if (!start) return null;
  const outcome = start.outcome && html`<strong class=${start.outcome === "failed" ? "bad-text" : ""}>${start.outcome === "failed"
    ? "failed" : "went well"}</strong>`;
  return html`<${Pair} term=${term}>${outcome} <${Moment} at=${start.at} />
    ${(start.events ?? []).map((event) => html`<${Event} event=${event} />`)}<//>`;
}

export function Mta({ server }) {
  const facts = server.report?.mta;
  if (!facts) return html`<${Section} title="MTA service" id="mta"><${Quiet}>Not known.<//><//>`;
  const { last_start: last, last_failure: failure } = facts;
  const same = failure && last && failure.at === last.at;
  return html`<${Section} title="MTA service" id="mta"><dl class="pairs">
    <${Pair} term="Service">${serviceWord(facts.service)}${facts.start_type && `, start type ${facts.start_type}`}<//>
    ${facts.exit_code ? html`<${Pair} term="Exit code">${facts.exit_code}<//>` : null}
    ${facts.rpc_port ? html`<${Pair} term="Static RPC port">${facts.rpc_port}<//>` : null}
    <${Start} term="Last start" start=${last} />
    ${!same && html`<${Start} term="Last failure" start=${failure} />`}</dl><//>`;
}
