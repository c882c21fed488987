/*
 * Why the verdict is as it is: the reasons in sentences, and the facts that they follow from, each
 * with its value, its source and its time. And what to do: alternatives, the smallest first, each
 * step with the verdict after it.
 */

import { html } from "./html.js";
import { Age, Moment, Pair, Quiet, Section, useClock, VerdictBadge } from "./parts.js";
import { ALL_REACH, count, duration, GRADE_MEANING, secondsSince, VERDICTS } from "./words.js";

/* ---- why ---- */

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

const REFUSED = {
  host_enrolled: "another machine wants to enrol under this name",
  wrong_agent: "another agent reported in this name",
  conflicting_report: "two machines report with one key, as copied disks do",
};

/* What is odd about it and decides nothing. */
function Notes({ server }) {
  const { notes = [], refused, imported, removed, other_names: others = [] } = server;
  return html`${notes.map(({ code, text }) => html`<p key=${code} class="note"><bdi>${text}</bdi></p>`)}
    ${refused && html`<p class="note" id="refused">Refused ${count(refused.count, "time")}, the last <${Age} at=${refused.last_at} ago /> from
      <bdi> ${refused.from}</bdi>: ${REFUSED[refused.code] ?? refused.code}. If that is the right machine, release the agent.</p>`}
    ${imported && html`<p class="note">The latest report was carried here by <bdi>${imported.by}</bdi>, <${Moment} at=${imported.at} />.</p>`}
    ${removed && html`<p class="note">It was taken out by <bdi>${removed.by}</bdi>, <${Moment} at=${removed.at} />${removed.reason && html` (<bdi>${removed.reason}</bdi>)`}, and has come back.</p>`}
    ${others.length > 0 && html`<p class="note">The same machine, by its agent or a network card: ${others.map((other) => html`<bdi>${other.server}</bdi> `)}</p>`}`;
}

export function Why({ server }) {
  const reasons = server.reasons ?? [];
  const nothing = server.verdict === "clear" ? ALL_REACH : VERDICTS[server.verdict]?.meaning ?? "";
  return html`<${Section} title="Why" id="why">
    ${server.silent && html`<${Old} server=${server} />`}<${Notes} server=${server} />
    ${reasons.length === 0 ? html`<${Quiet}>${nothing}<//>` : html`<ul class="reasons">${reasons.map((reason) => html`
      <li key=${reason.code + reason.text}><p><bdi>${reason.text}</bdi></p><${Evidence} reason=${reason} /></li>`)}</ul>`}<//>`;
}

/* ---- fact tree ---- */

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
  return html`<${Section} title="The facts behind it" id="fact-tree"><div class="fact-tree"><${Branch} facts=${facts} /></div><//>`;
}

/* ---- remedy ---- */

function Step({ step }) {
  return html`<li><span><bdi>${step.text ?? step.action}</bdi></span>
    <span class="after">then: <${VerdictBadge} verdict=${step.verdict_after} /></span></li>`;
}

function MissingPath({ path }) {
  return html`<li><bdi>${path.adapter}</bdi> to <bdi>${path.peer}</bdi>: ${path.grade
    ? GRADE_MEANING[path.grade] ?? path.grade : "not probed"}</li>`;
}

export function Remedy({ server }) {
  const { options = [], text, missing_paths: missing = [] } = server.remedy ?? {};
  if (options.length === 0 && !text && missing.length === 0) return null;
  const several = options.length > 1;
  return html`<${Section} title=${several ? "What to do (one of these)" : "What to do"} id="remedy">
    ${text && html`<p><bdi>${text}</bdi></p>`}
    ${missing.length > 0 && html`<ul>${missing.map((path) => html`<${MissingPath} path=${path} />`)}</ul>`}
    ${options.map((option, i) => html`<div class="option">
      ${several && html`<h4>Option ${i + 1}${i === 0 && ", the smallest change"}</h4>`}
      <ol>${(option.steps ?? []).map((step) => html`<${Step} step=${step} />`)}</ol></div>`)}<//>`;
}
