/* What the agent could not read, in the system's own words. */

import { html } from "./html.js";
import { Section } from "./section.js";

export function Problems({ server }) {
  const problems = server.report?.problems ?? [];
  if (problems.length === 0) return null;
  return html`<${Section} title="Could not be read" id="problems"><ul>${problems.map((problem) => html`<li>
    <code><bdi>${problem.fact ?? ""}</bdi></code> <bdi>${problem.message ?? ""}</bdi>${problem.code ? ` (${problem.code})` : ""}</li>`)}</ul><//>`;
}
