/* Deliveries: what was, is or could not be told to hooks, and of which incident. */

import { paths, retryDelivery } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Button, ChangeButton, Chip, Choices, DataTable, Link, Moment, MomentCell, NoAnswer, Quiet } from "./parts.js";
import { goTo, place } from "./place.js";
import { useHasRole } from "./reader.js";
import { conditionWord } from "./words.js";

const DELIVERED = { waiting: ["waiting", "warn"], dead: ["not delivered", "bad"], done: ["delivered", "ok"] };
const DELIVERIES = [["", "All"], ["waiting", "Waiting"], ["dead", "Not delivered"], ["done", "Delivered"]];
const DELIVERY_HEADS = ["State", "Hook", "About", "Made", "Tries", "Ended, or again", "Answer", ""];
const FEW = "100";
const MANY = "1000"; // as many as the API gives at once

function DeliveryTime({ delivery }) {
  if (delivery.next_at) return html`again <${Moment} at=${delivery.next_at} />`;
  return delivery.ended_at && html`<${Moment} at=${delivery.ended_at} />`;
}

/* The incident that it tells of first. */
function About({ about }) {
  if (!about) return html`<span class="quiet">no alert</span>`;
  const to = about.server ? { server: about.server } : {};
  return html`<${Link} page="alerts" to=${to} data-alert=${about.alert}>${conditionWord(about.condition)}${" "}
      <bdi>${about.server || "the collector"}</bdi><//>
    ${about.alerts > 1 && html`<span class="sub">and ${about.alerts - 1} more</span>`}`;
}

function DeliveryRow({ delivery, mayRetry }) {
  const [word, tone] = DELIVERED[delivery.state] ?? [delivery.state, "none"];
  const canRetry = mayRetry && delivery.state !== "done";
  return html`<tr data-delivery=${delivery.id} title=${`Delivery ${delivery.id}`}>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <th scope="row"><bdi>${delivery.hook}</bdi></th><td class="about"><${About} about=${delivery.about} /></td>
    <${MomentCell} at=${delivery.made_at} /><td>${delivery.attempts}</td>
    <td class="when"><${DeliveryTime} delivery=${delivery} /></td>
    <td class="said"><bdi>${delivery.result}</bdi></td>
    <td class="actions">
      ${canRetry && html`<${ChangeButton} change=${() => retryDelivery(delivery.id)}>Send now<//>`}</td></tr>`;
}

function DeliveryTable({ deliveries }) {
  const mayRetry = useHasRole("operator");
  return html`<${DataTable} label="Deliveries" kind="compact" heads=${DELIVERY_HEADS} none="There are no deliveries.">
    ${deliveries.map((delivery) => html`<${DeliveryRow} key=${delivery.id} delivery=${delivery}
      mayRetry=${mayRetry} />`)}<//>`;
}

function MoreDeliveries({ isAll, onMore }) {
  if (!isAll) return html`<${Button} class="link" onClick=${onMore}>More<//>`;
  return html`<${Quiet}>These are the latest; GET /v1/deliveries has all that are kept.<//>`;
}

export function Deliveries() {
  const { deliveries: state } = place.use((all) => all);
  const [limit, setLimit] = useState(FEW);
  const { body, next, error } = useAnswer(paths.deliveries({ limit, ...(state ? { state } : {}) }));
  return html`<div class="card" id="deliveries">
    <${Choices} label="Deliveries by state" of=${DELIVERIES} isOn=${(name) => name === state}
      onChoose=${(name) => goTo({ deliveries: name }, { replace: true })} />
    ${body ? html`<${DeliveryTable} deliveries=${body.deliveries} />` : html`<${NoAnswer} error=${error} />`}
    ${next && html`<${MoreDeliveries} isAll=${limit === MANY} onMore=${() => setLimit(MANY)} />`}</div>`;
}
