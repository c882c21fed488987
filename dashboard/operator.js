/* The operator's page: who may report, who may look, what there should be, and who changed what. */

import { Agents } from "./agents.js";
import { Audit } from "./audit.js";
import { html } from "./html.js";
import { Inventory } from "./inventory.js";
import { goTo, pageUrl, place } from "./place.js";
import { Secrets, Tokens } from "./tokens.js";
import { session, useMay } from "./session.js";

const TABS = [["agents", "Agents", Agents, "viewer"], ["inventory", "Inventory", Inventory, "viewer"], ["tokens", "Tokens", Tokens, "admin"],
  ["secrets", "Enrolment secrets", Secrets, "admin"], ["audit", "Audit log", Audit, "operator"]];

function Tab({ tab, now }) {
  const [name, word] = tab;
  return html`<a href=${pageUrl("operator", { tab: name })} aria-current=${name === now ? "page" : null} onClick=${(event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo({ tab: name, cursor: "" });
  }}>${word}</a>`;
}

export function Operator() {
  const now = place.use((state) => (TABS.some(([name]) => name === state.tab) ? state.tab : "agents"));
  const role = session.use((state) => state.role);
  const [, , Page, needed] = TABS.find(([name]) => name === now);
  const may = useMay(needed);
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline" class="visually-hidden">Operation</h2>
    <nav class="tabs sub-tabs" aria-label="Operation">${TABS.map((tab) => html`<${Tab} key=${tab[0]} tab=${tab} now=${now} />`)}</nav></div>
    ${may || !role ? html`<${Page} />`
    : html`<p class="empty">This needs a token of the role ${needed}; yours is of the role ${role}.</p>`}</main>`;
}
