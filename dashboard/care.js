/*
 * Who looks after alerts: acknowledgements and silences of one or many, in words, in dialogs, and as the
 * history of one alert. For the page of alerts and that of a server.
 */

import { acknowledge, acknowledgeMany, silenceMany, unacknowledge } from "./api.js";
import { html } from "./html.js";
import { Button, ChangeButton, Chip, Dialog, DurationField, endTime, Field, Glyph, Moment } from "./parts.js";
import { useHasRole } from "./reader.js";
import { collectorNow, conditionClass, conditionWord, count } from "./words.js";

/* ---- words ---- */

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

export function LookedAfter({ alert, silences }) {
  const { acknowledged, silenced_by: silenced, maintenance, inside, state } = alert;
  if (!acknowledged && !maintenance && !inside && silenced.length === 0) {
    return state !== "resolved" && html`<span class="quiet">nobody yet</span>`;
  }
  return html`${acknowledged && html`<${Acknowledgement} ...${acknowledged} />`}
    ${maintenance && html`<span class="what"><${Chip} tone="none">maintenance<//> <bdi>${maintenance}</bdi></span>`}
    ${inside && html`<span class="what"><${Chip} tone="none">one of many<//> told with all that fell silent</span>`}
    ${silenced.map((id) => html`<${SilencedBy} silence=${silences.find((s) => s.id === id)} />`)}`;
}

export function ConditionBadge({ alert }) {
  if (alert.state === "resolved") {
    return html`<span class="badge v-not_applicable"><${Glyph} of="clear" />Resolved</span>`;
  }
  return html`<span class="badge ${conditionClass(alert.condition)}"><${Glyph} of=${alert.condition} />
    ${conditionWord(alert.condition)}</span>`;
}

/* An acknowledgement that somebody gave before and that has ended. */
function Former({ one }) {
  return html`<li><bdi>${one.by}</bdi>, <${Moment} at=${one.at} />
    ${one.ended_at && html`<span> to <${Moment} at=${one.ended_at} /></span>`}
    ${one.condition && html`<span> (${conditionWord(one.condition).toLowerCase()})</span>`}
    ${one.comment && html`<span>: <bdi>${one.comment}</bdi></span>`}</li>`;
}

/** Everybody who has looked after it, the first one first. */
export function History({ alert }) {
  const all = alert.acknowledgements ?? [];
  if (all.length === 0) return null;
  return html`<h4>Acknowledged by</h4>
    <ul class="history">${all.map((one) => html`<${Former} key=${one.at} one=${one} />`)}</ul>`;
}

/* ---- dialogs ---- */

/* Throws in words what was not done. */
function judge({ done, failed }, what) {
  if (failed.length === 0) return;
  const codes = [...new Set(failed.map(({ code }) => code.replaceAll("_", " ")))].join(", ");
  throw new Error(`${count(done.length, "alert")} ${what}, ${failed.length} not: ${codes}.`);
}

function titleOf(alerts, verb) {
  const [alert] = alerts;
  if (alerts.length > 1) return `${verb} ${alerts.length} alerts`;
  return `${verb}: ${conditionWord(alert.condition)}, ${alert.server || "the collector"}`;
}

export function AcknowledgeDialog({ alerts, onClose, onDone }) {
  const send = async ({ comment, span }) => {
    const value = { comment, until: endTime(span, collectorNow()) };
    if (alerts.length === 1) await acknowledge(alerts[0].id, value);
    else judge(await acknowledgeMany({ ids: alerts.map(({ id }) => id), ...value }), "acknowledged");
    onDone?.();
  };
  return html`<${Dialog} title=${titleOf(alerts, "Acknowledge")} submit="Acknowledge" onSubmit=${send}
      onClose=${onClose}>
    <p>Nothing is repeated while somebody looks after it; what gets worse is told.</p>
    <${Field} label="Comment (optional)" name="comment" maxlength="1024"
      hint="Who does what about it; everybody sees this." />
    <${DurationField} label="Until" name="span" open="it is resolved" /><//>`;
}

export function SilenceManyDialog({ alerts, onClose, onDone }) {
  const send = async ({ comment, span }) => {
    const ids = alerts.map(({ id }) => id);
    judge(await silenceMany({ ids, comment, ends_at: endTime(span, collectorNow()) }), "silenced");
    onDone?.();
  };
  return html`<${Dialog} title=${titleOf(alerts, "Silence")} submit="Silence" onSubmit=${send} onClose=${onClose}>
    <p>Each becomes a silence of its server and condition: nobody is told of them; what gets worse is told.</p>
    <${DurationField} label="Until" name="span" />
    <${Field} label="Comment (optional)" name="comment" maxlength="1024" /><//>`;
}

/* ---- buttons ---- */

/** The patterns of a silence of one alert. */
export function matchersOf({ server, condition }) {
  return server ? { server, condition } : { condition };
}

export function AlertActions({ alert, openDialog }) {
  if (!useHasRole("operator") || alert.state === "resolved") return null;
  return html`${alert.acknowledged ? html`<${ChangeButton} change=${() => unacknowledge(alert.id)}>Take back<//>`
    : html`<${Button} class="button acknowledge" title="( a )"
        onClick=${() => openDialog({ acknowledge: [alert] })}>Acknowledge<//>`}
    <${Button} onClick=${() => openDialog({ silence: matchersOf(alert) })}>Silence<//>`;
}
