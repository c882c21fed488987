/* The adapters of a server: as they were judged, and what the machine says of them. */

import { html } from "./html.js";
import { Chip, Facts, Quiet, Section } from "./section.js";
import { ADAPTER_STATES } from "./words.js";

function Lookup({ lookup }) {
  const error = lookup.reverse_error || lookup.forward_error;
  return html`<div class=${error ? "sub warn-text" : "sub"}><bdi>${error
    ? `${lookup.address}: name lookup error ${error}` : `${lookup.address}: ${lookup.name ?? "no name"}`}</bdi></div>`;
}

function Adapter({ judged, facts = {} }) {
  const [word, tone] = ADAPTER_STATES[judged.state] ?? [judged.state, "none"];
  return html`<tr><th scope="row"><bdi>${judged.id}</bdi><span class="sub"><bdi>${facts.description ?? ""}</bdi></span></th>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <td>${(facts.addresses ?? []).map((address) => html`<div><bdi>${address}</bdi></div>`)}
      ${(facts.lookups ?? []).map((lookup) => html`<${Lookup} lookup=${lookup} />`)}</td>
    <td>${facts.enabled === false ? "disabled" : `link ${facts.link ?? "not known"}`}
      <span class="sub"><bdi>${facts.mac ?? ""}</bdi></span></td></tr>`;
}

export function Adapters({ server }) {
  const facts = server.report?.adapters ?? [];
  const judged = server.adapters ?? [];
  return html`<${Section} title="Adapters" id="adapters">${judged.length === 0 ? html`<${Quiet}>None known.<//>`
    : html`<${Facts} label="Adapters" heads=${["Adapter", "Judged", "Addresses, names", "State"]}>
      ${judged.map((adapter, i) => html`<${Adapter} key=${i} judged=${adapter}
        facts=${facts[i]?.id === adapter.id ? facts[i] : facts.find((f) => f.id === adapter.id)} />`)}<//>`}<//>`;
}
