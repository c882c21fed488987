/* Why the verdict is as it is: the reasons in sentences, and the facts that they follow from. */

import { FactTree } from "./fact_tree.js";
import { html } from "./html.js";
import { Pair, Quiet, Section } from "./section.js";
import { useClock } from "./when.js";
import { secondsSince } from "./time.js";
import { ALL_REACH, duration, VERDICTS } from "./words.js";

function itemText(item) {
  return Array.isArray(item) ? item.join(" · ") : typeof item === "object" ? JSON.stringify(item) : String(item);
}

function Evidence({ reason }) {
  const entries = Object.entries(reason.evidence ?? {});
  if (entries.length === 0) return html`<p class="code"><code>${reason.code}</code></p>`;
  return html`<details><summary><code>${reason.code}</code></summary>
    <dl class="pairs">${entries.map(([key, item]) => html`<${Pair} term=${key.replaceAll("_", " ")}>
      <bdi>${itemText(item)}</bdi><//>`)}</dl></details>`;
}

function Old({ server }) {
  const age = useClock(() => duration(secondsSince(server.reported_at) ?? 0));
  return html`<p class="note hatched">Silent: the last report is ${age} old.
    What follows was so when the server was last heard of.</p>`;
}

export function Why({ server }) {
  const reasons = server.reasons ?? [];
  const nothing = server.verdict === "clear" ? ALL_REACH : VERDICTS[server.verdict]?.meaning ?? "";
  return html`<${Section} title="Why" id="why">
    ${server.silent && html`<${Old} server=${server} />`}
    ${reasons.length === 0 ? html`<${Quiet}>${nothing}<//>` : html`<ul class="reasons">${reasons.map((reason) => html`
      <li key=${reason.code + reason.text}><p><bdi>${reason.text}</bdi></p><${Evidence} reason=${reason} /></li>`)}</ul>`}
    <${FactTree} facts=${server.facts} /><//>`;
}
