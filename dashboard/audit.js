/* The audit log: every change, the newest first. */

import { paths } from "./api.js";
import { html } from "./html.js";
import { useAnswer } from "./live.js";
import { goTo, place } from "./place.js";
import { Facts, Missing, Quiet } from "./section.js";
import { Moment } from "./when.js";

export function Audit() {
  const { cursor } = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.audit({ limit: "200", ...(cursor ? { cursor } : {}) }));
  if (!body) return html`<${Missing} error=${error} missing="This collector has no audit log." />`;
  return html`<div class="card">${body.lines.length === 0 ? html`<${Quiet}>Nothing was changed yet.<//>` : html`
    <${Facts} label="Audit log" kind="compact" heads=${["When", "Who", "From", "Did", "What"]}>${body.lines.map((line) => html`<tr key=${line.id}>
      <td><${Moment} at=${line.at} /></td><td><bdi>${line.who}</bdi></td><td><bdi>${line.from}</bdi></td><td><code>${line.action}</code></td>
      <td><bdi>${line.object}</bdi></td></tr>`)}<//>`}</div>
    ${next && html`<nav class="pager" aria-label="Pages of the log"><button type="button" class="button" onClick=${() => goTo({ cursor: next })}>Older</button></nav>`}`;
}
