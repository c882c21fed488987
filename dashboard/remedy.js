/* What to do: alternatives, the smallest first; each step with the verdict after it. */

import { VerdictBadge } from "./badge.js";
import { html } from "./html.js";
import { Section } from "./section.js";
import { GRADE_MEANING } from "./words.js";

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
