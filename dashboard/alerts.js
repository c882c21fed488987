/*
 * Alerts: what is wrong now and who looks after it; silences, by which what matches is told to
 * nobody for a while; and deliveries: what was, is or could not be told to hooks.
 */

import { acknowledge, addSilence, endSilence, paths, retryDelivery, unacknowledge } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import {
  Age, Button, ChangeButton, Chip, Choices, DataTable, Dialog, DurationField, endTime, Field, Glyph, HeadRow, Link,
  Main, Moment, MomentCell, NoAnswer, Pager, Quiet, Section, TextCell, TextLine,
} from "./parts.js";
import { goTo, goToPage, place } from "./place.js";
import { useHasRole } from "./reader.js";
import { collectorNow, conditionClass, conditionWord } from "./words.js";

/* ---- silences ---- */

const MATCHERS = [["server", "Server"], ["site", "Site"], ["organization", "Organization"], ["condition", "Condition"]];

function SilenceDialog({ matchers, onClose }) {
  const send = async ({ comment, span, ...patterns }) => {
    const set = Object.fromEntries(Object.entries(patterns).filter(([, pattern]) => pattern !== ""));
    if (Object.keys(set).length === 0) throw new Error("Say what is to be silenced: one pattern at least.");
    await addSilence({ matchers: set, comment, ends_at: endTime(span, collectorNow()) });
  };
  return html`<${Dialog} title="Silence" submit="Silence" onSubmit=${send} onClose=${onClose}>
    <p>What matches all of these is told to nobody; the page still shows it.${" "}
      <code>*</code> and <code>?</code> stand for anything.</p>
    ${MATCHERS.map(([name, word]) => html`<${Field} key=${name} label=${word} name=${name} maxlength="255"
      defaultValue=${matchers[name]} />`)}
    <${Field} label="Comment" name="comment" maxlength="1024" required />
    <${DurationField} label="Until" name="span" /><//>`;
}

function Matcher({ name, pattern }) {
  return html`<span class="matcher">${name} = <bdi>${pattern}</bdi></span> `;
}

function SilenceRow({ silence, mayEnd }) {
  const matchers = Object.entries(silence.matchers);
  return html`<tr>
    <th scope="row">${matchers.map(([name, pattern]) => html`<${Matcher} name=${name} pattern=${pattern} />`)}</th>
    <${TextCell}>${silence.comment}<//><${TextCell}>${silence.by}<//>
    <${MomentCell} at=${silence.starts_at} /><${MomentCell} at=${silence.ends_at} />
    <td class="actions">${mayEnd && html`<${ChangeButton} change=${() => endSilence(silence.id)}>End<//>`}</td></tr>`;
}

function Silences({ answer: { body, error } }) {
  const mayEnd = useHasRole("operator");
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<${DataTable} label="Silences" heads=${["What", "Comment", "By", "From", "Until", ""]}>
    ${body.silences.map((silence) => html`<${SilenceRow} key=${silence.id} silence=${silence}
      mayEnd=${mayEnd} />`)}<//>`;
}

/* ---- deliveries ---- */

const DELIVERED = { waiting: ["waiting", "warn"], dead: ["not delivered", "bad"], done: ["delivered", "ok"] };
const DELIVERIES = [["", "All"], ["waiting", "Waiting"], ["dead", "Not delivered"], ["done", "Delivered"]];
const DELIVERY_HEADS = ["State", "Hook", "Made", "Tries", "Ended, or again", "Answer", "Id", ""];
const FEW = "100";
const MANY = "1000"; // as many as the API gives at once

function DeliveryTime({ delivery }) {
  if (delivery.next_at) return html`again <${Moment} at=${delivery.next_at} />`;
  return delivery.ended_at && html`<${Moment} at=${delivery.ended_at} />`;
}

function DeliveryRow({ delivery, mayRetry }) {
  const [word, tone] = DELIVERED[delivery.state] ?? [delivery.state, "none"];
  const canRetry = mayRetry && delivery.state !== "done";
  return html`<tr data-delivery=${delivery.id}><td><${Chip} tone=${tone}>${word}<//></td>
    <th scope="row"><bdi>${delivery.hook}</bdi></th>
    <${MomentCell} at=${delivery.made_at} /><td>${delivery.attempts}</td>
    <td class="when"><${DeliveryTime} delivery=${delivery} /></td>
    <td class="said"><bdi>${delivery.result}</bdi></td><td class="hash">${delivery.id}</td>
    <td class="actions">
      ${canRetry && html`<${ChangeButton} change=${() => retryDelivery(delivery.id)}>Send now<//>`}</td></tr>`;
}

function DeliveryTable({ deliveries }) {
  const mayRetry = useHasRole("operator");
  return html`<${DataTable} label="Deliveries" kind="compact" heads=${DELIVERY_HEADS}>
    ${deliveries.map((delivery) => html`<${DeliveryRow} key=${delivery.id} delivery=${delivery}
      mayRetry=${mayRetry} />`)}<//>`;
}

function MoreDeliveries({ isAll, onMore }) {
  if (!isAll) return html`<${Button} class="link" onClick=${onMore}>More<//>`;
  return html`<${Quiet}>These are the latest; GET /v1/deliveries has all that are kept.<//>`;
}

function Deliveries() {
  const { deliveries: state } = place.use((all) => all);
  const [limit, setLimit] = useState(FEW);
  const { body, next, error } = useAnswer(paths.deliveries({ limit, ...(state ? { state } : {}) }));
  return html`<${Choices} label="Deliveries by state" of=${DELIVERIES} isOn=${(name) => name === state}
      onChoose=${(name) => goTo({ deliveries: name }, { replace: true })} />
    ${body ? html`<${DeliveryTable} deliveries=${body.deliveries} />` : html`<${NoAnswer} error=${error} />`}
    ${next && html`<${MoreDeliveries} isAll=${limit === MANY} onMore=${() => setLimit(MANY)} />`}`;
}

/* ---- alert row ---- */

const STATE_WORDS = { firing: "Firing", pending: "Pending", resolved: "Resolved" };

function AcknowledgeDialog({ alert, onClose }) {
  const title = `Acknowledge: ${conditionWord(alert.condition)}, ${alert.server}`;
  const send = ({ comment, span }) => acknowledge(alert.id, { comment, until: endTime(span, collectorNow()) });
  return html`<${Dialog} title=${title} submit="Acknowledge" onSubmit=${send} onClose=${onClose}>
    <p>It is not repeated while somebody looks after it.</p>
    <${Field} label="Comment" name="comment" maxlength="1024" required
      hint="Who does what about it; everybody sees this." />
    <${DurationField} label="Until" name="span" open="it is resolved" /><//>`;
}

function Until({ at }) {
  return html`, until <${Moment} at=${at} />`;
}

function Acknowledgement({ by, comment, at, until }) {
  return html`<span class="what" title=${comment}>
      <${Chip} tone="acknowledged"><bdi>${by}</bdi><//> <bdi>${comment}</bdi></span>
    <span class="sub"><${Moment} at=${at} />${until && html`<${Until} at=${until} />`}</span>`;
}

/* `silence` may have ended since the alert was answered. */
function SilencedBy({ silence }) {
  return html`<span class="what" title=${silence?.comment}>
      <${Chip} tone="none">silenced<//> <bdi>${silence?.comment}</bdi></span>
    ${silence && html`<span class="sub"><bdi>${silence.by}</bdi><${Until} at=${silence.ends_at} /></span>`}`;
}

function LookedAfter({ alert, silences }) {
  const { acknowledged, silenced_by: silenced, maintenance } = alert;
  if (!acknowledged && !maintenance && silenced.length === 0) return html`<span class="quiet">nobody yet</span>`;
  return html`${acknowledged && html`<${Acknowledgement} ...${acknowledged} />`}
    ${maintenance && html`<span class="what"><${Chip} tone="none">maintenance<//> <bdi>${maintenance}</bdi></span>`}
    ${silenced.map((id) => html`<${SilencedBy} silence=${silences.find((s) => s.id === id)} />`)}`;
}

function Actions({ alert, openDialog }) {
  if (!useHasRole("operator") || alert.state === "resolved") return null;
  const openSilence = () => openDialog({ silence: { server: alert.server, condition: alert.condition } });
  return html`${alert.acknowledged ? html`<${ChangeButton} change=${() => unacknowledge(alert.id)}>Take back<//>`
    : html`<${Button} class="button acknowledge" title="( a )"
        onClick=${() => openDialog({ acknowledge: alert })}>Acknowledge<//>`}
    <${Button} onClick=${openSilence}>Silence<//>`;
}

function ConditionBadge({ alert, isOver }) {
  return html`<span class="badge ${isOver ? "v-clear" : conditionClass(alert.condition)}">
    <${Glyph} of=${isOver ? "clear" : alert.condition} />${conditionWord(alert.condition)}</span>`;
}

function ServerLink({ name }) {
  return html`<${Link} class="row-action" to=${{ server: name }}><bdi>${name}</bdi><//>`;
}

function AlertRow({ alert, silences, openDialog }) {
  const isOver = alert.state === "resolved";
  const colour = isOver ? "v-not_applicable" : conditionClass(alert.condition);
  return html`<tr data-row=${alert.id} data-server=${alert.server} class=${`alert ${colour} is-${alert.state}`}>
    <td class="c-verdict"><${ConditionBadge} alert=${alert} isOver=${isOver} />
      <span class="sub">${STATE_WORDS[alert.state] ?? alert.state}${alert.flapping && ", flapping"}</span></td>
    <th scope="row" class="c-server">${alert.server ? html`<${ServerLink} name=${alert.server} />` : "the collector"}
      <span class="sub"><bdi>${alert.site}</bdi></span></th>
    <td class="c-why"><${TextLine} kind="what" text=${alert.text} />
      ${alert.remedy && !isOver && html`<${TextLine} kind="fix" text=${alert.remedy} />`}</td>
    <td class="c-since"><${Age} at=${alert.since} />
      ${alert.resolved_at && html`<span class="sub">over <${Age} at=${alert.resolved_at} ago /></span>`}</td>
    <td class="c-looked"><${LookedAfter} alert=${alert} silences=${silences} /></td>
    <td class="actions"><${Actions} alert=${alert} openDialog=${openDialog} /></td></tr>`;
}

/* ---- alerts ---- */

const STATES = Object.entries(STATE_WORDS);
const HEADS = ["State", "Server", "What, and what to do", "Since", "Looked after", ""];
const LIMIT = "200";

function queryOf({ state, server, site, cursor }) {
  const query = new URLSearchParams({ limit: LIMIT });
  for (const name of state) query.append("state", name);
  for (const [name, value] of Object.entries({ server, site, cursor })) if (value) query.set(name, value);
  return query;
}

function AlertTable({ alerts, isAll, ...rest }) {
  const text = isAll ? "There are no alerts." : "No alert fits what is asked for.";
  if (alerts.length === 0) return html`<p class="empty" id="no-alerts">${text}</p>`;
  return html`<table class="grid" id="alerts">
    <caption class="visually-hidden">Alerts, those that fire first, and the worst of them</caption><${HeadRow} heads=${HEADS} />
    <tbody>${alerts.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert}
      ...${rest} />`)}</tbody></table>`;
}

function Tools({ where, maySilence, openDialog }) {
  const { state, server, site } = where;
  const toggle = (name) => {
    const names = state.includes(name) ? state.filter((s) => s !== name) : [...state, name];
    goTo({ state: names, cursor: "" });
  };
  return html`<${Choices} label="Alerts by state" of=${STATES} isOn=${(name) => state.includes(name)}
      onChoose=${toggle} />
    ${(server || site) && html`<${Button} class="link" onClick=${() => goToPage("alerts")}>All servers<//>`}
    ${maySilence && html`<${Button} id="add-silence"
      onClick=${() => openDialog({ silence: server ? { server } : {} })}>Silence…<//>`}`;
}

export function Alerts() {
  const where = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.alerts(queryOf(where)));
  const silences = useAnswer(paths.silences());
  const mayEdit = useHasRole("operator");
  const [dialog, setDialog] = useState({}); // {acknowledge: an alert}, or {silence: matchers}
  const close = () => setDialog({});
  const title = html`Alerts${where.server && html` of <bdi>${where.server}</bdi>`}`;
  const tools = html`<${Tools} where=${where} maySilence=${mayEdit && body} openDialog=${setDialog} />`;
  const isAll = !where.server && !where.site && where.state.length === 0;
  return html`<${Main} title=${title} tools=${tools}>
    ${!body ? html`<${NoAnswer} error=${error} />` : html`<${AlertTable} alerts=${body.alerts} isAll=${isAll}
      silences=${silences.body?.silences ?? []} openDialog=${setDialog} />`}
    <${Pager} next=${next} label="Pages of alerts" />
    ${dialog.acknowledge && html`<${AcknowledgeDialog} alert=${dialog.acknowledge} onClose=${close} />`}
    ${dialog.silence && html`<${SilenceDialog} matchers=${dialog.silence} onClose=${close} />`}
    ${body && html`<div class="cards">
      <${Section} title="Silences" id="silences" wide><${Silences} answer=${silences} /><//>
      <${Section} title="Deliveries" id="deliveries" wide><${Deliveries} /><//></div>`}<//>`;
}
