/* What was, is or could not be told to hooks. */

import { paths, retryDelivery } from "./api.js";
import { html, useState } from "./html.js";
import { beatNow, failed, useAnswer } from "./live.js";
import { Chip, Facts, Missing, Quiet } from "./section.js";
import { useMay } from "./session.js";
import { Moment } from "./when.js";

const STATES = { waiting: ["waiting", "warn"], dead: ["not delivered", "bad"], done: ["delivered", "ok"] };
const CHOICES = [["", "All"], ["waiting", "Waiting"], ["dead", "Not delivered"], ["done", "Delivered"]];

function Delivery({ delivery, may }) {
  const [word, tone] = STATES[delivery.state] ?? [delivery.state, "none"];
  const retry = () => retryDelivery(delivery.id).then(beatNow, failed);
  return html`<tr><td><${Chip} tone=${tone}>${word}<//></td><th scope="row"><bdi>${delivery.hook}</bdi></th>
    <td><bdi>${delivery.text ?? delivery.alert ?? delivery.server ?? delivery.id}</bdi></td>
    <td>${delivery.attempts ?? ""}</td>
    <td>${delivery.at || delivery.created_at ? html`<${Moment} at=${delivery.at ?? delivery.created_at} />` : ""}
      ${delivery.next_at && html`<span class="sub">again <${Moment} at=${delivery.next_at} /></span>`}</td>
    <td><bdi>${delivery.error ?? ""}</bdi></td>
    <td class="actions">${may && delivery.state !== "done" && html`<button type="button" class="button" onClick=${retry}>Send now</button>`}</td></tr>`;
}

export function Deliveries() {
  const [state, setState] = useState("");
  const { body, error } = useAnswer(paths.deliveries({ limit: "100", ...(state ? { state } : {}) }));
  const may = useMay("operator");
  const list = body?.deliveries ?? [];
  return html`<p class="choices" role="group" aria-label="Deliveries by state">${CHOICES.map(([name, word]) => html`<button type="button"
    key=${name} aria-pressed=${String(state === name)} onClick=${() => setState(name)}>${word}</button>`)}</p>
    ${!body ? html`<${Missing} error=${error} missing="This collector keeps no deliveries." />` : list.length === 0 ? html`<${Quiet}>None.<//>`
    : html`<${Facts} label="Deliveries" kind="compact" heads=${["State", "Hook", "What", "Tries", "When", "Said", ""]}>
      ${list.map((delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} may=${may} />`)}<//>`}`;
}
