/* The facts that a verdict follows from, as a tree: each with its value, its source and its time. */

import { html } from "./html.js";
import { Moment } from "./when.js";

function shownValue(value) {
  if (value === null || value === undefined) return html`<span class="warn-text">could not be read</span>`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return html`<bdi>${String(value)}</bdi>`;
}

function Fact({ fact }) {
  const line = html`<span class="fact-label"><bdi>${fact.label}</bdi></span> <span class="fact-value">${shownValue(fact.value)}</span>
    <span class="sub"><bdi>${fact.source}</bdi>${fact.at && html`, <${Moment} at=${fact.at} />`}</span>`;
  const below = fact.facts ?? [];
  if (below.length === 0) return html`<li class="leaf">${line}</li>`;
  return html`<li><details><summary>${line}</summary><${Branch} facts=${below} /></details></li>`;
}

function Branch({ facts }) {
  return html`<ul class="facts-branch">${facts.map((fact) => html`<${Fact} key=${fact.fact} fact=${fact} />`)}</ul>`;
}

export function FactTree({ facts }) {
  if (!facts?.length) return null;
  return html`<h4>The facts behind it</h4><div class="fact-tree"><${Branch} facts=${facts} /></div>`;
}
