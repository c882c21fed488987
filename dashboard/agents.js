/* The enrolled agents; an operator releases those whose machine is gone or was made anew. */

import { paths, releaseAgent } from "./api.js";
import { Dialog } from "./dialog.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { goTo, goToPage, pageUrl, place } from "./place.js";
import { Facts, Missing, Quiet } from "./section.js";
import { useMay } from "./session.js";
import { Moment } from "./when.js";
import { count } from "./words.js";

function Release({ agent, onClose }) {
  return html`<${Dialog} title=${`Release the agent of ${agent.host}?`} submit="Release" danger onSubmit=${() => releaseAgent(agent.id)} onClose=${onClose}>
    <p>Its key is worth nothing from then on, and the name is free: the next agent that comes with the enrolment secret takes it.
      An agent that still has the secret enrols again by itself.</p><//>`;
}

export function Agents() {
  const { cursor } = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.agents({ limit: "200", ...(cursor ? { cursor } : {}) }));
  const may = useMay("operator");
  const [releasing, release] = useState(null);
  if (!body) return html`<${Missing} error=${error} missing="This collector has no list of agents." />`;
  const open = (event, host) => {
    event.preventDefault();
    goToPage("servers", { server: host });
  };
  return html`<${Quiet}>${count(body.enrolled, "agent")} enrolled. An agent belongs to one host name; another machine of that name is refused until it is released.<//>
    <div class="card">${body.agents.length === 0 ? html`<${Quiet}>None.<//>` : html`<${Facts} label="Agents" kind="compact" heads=${["Host", "Enrolled", "With the secret", "Id", ""]}>
    ${body.agents.map((agent) => html`<tr key=${agent.id} data-row=${agent.id}>
      <th scope="row"><a class="row-action" href=${pageUrl("servers", { server: agent.host })} onClick=${(event) => open(event, agent.host)}><bdi>${agent.host}</bdi></a></th>
      <td><${Moment} at=${agent.enrolled_at} /></td><td><bdi>${agent.secret}</bdi></td><td class="hash">${agent.id}</td>
      <td class="actions">${may && html`<button type="button" class="button" onClick=${() => release(agent)}>Release</button>`}</td></tr>`)}<//>`}</div>
    ${next && html`<nav class="pager" aria-label="Pages of agents"><button type="button" class="button" onClick=${() => goTo({ cursor: next })}>Next</button></nav>`}
    ${releasing && html`<${Release} agent=${releasing} onClose=${() => release(null)} />`}`;
}
