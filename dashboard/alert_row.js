/* An alert, and what an operator does about it. */

import { acknowledge, unacknowledge } from "./api.js";
import { Glyph } from "./badge.js";
import { Dialog, endOf, Field, SpanField } from "./dialog.js";
import { html, useState } from "./html.js";
import { beatNow, failed } from "./live.js";
import { goToPage, pageUrl } from "./place.js";
import { SilenceDialog } from "./silences.js";
import { useMay } from "./session.js";
import { collectorNow } from "./time.js";
import { Age, Moment } from "./when.js";
import { verdictWord, SILENT } from "./words.js";

const STATE_WORDS = { firing: "Firing", pending: "Pending", resolved: "Resolved" };

export function conditionWord(condition) {
  return condition === "silent" ? SILENT.word : verdictWord(condition);
}

function AcknowledgeDialog({ alert, onClose }) {
  const send = ({ comment, span }) => acknowledge(alert.id, { comment, until: endOf(span, collectorNow()) });
  return html`<${Dialog} title=${`Acknowledge: ${conditionWord(alert.condition)}, ${alert.server}`} submit="Acknowledge" onSubmit=${send} onClose=${onClose}>
    <p>It is not repeated while somebody looks after it.</p>
    <${Field} label="Comment" name="comment" maxlength="1024" hint="Who does what about it; everybody sees this." required />
    <${SpanField} label="Until" name="span" open="it is resolved" /><//>`;
}

function LookedAfter({ alert }) {
  const { acknowledged, silenced_by: silences = [] } = alert;
  if (acknowledged) {
    return html`<span class="chip acknowledged"><bdi>${acknowledged.by}</bdi></span> <bdi>${acknowledged.comment}</bdi>
      <span class="sub"><${Moment} at=${acknowledged.at} />${acknowledged.until && html`, until <${Moment} at=${acknowledged.until} />`}</span>`;
  }
  if (silences.length > 0) return html`<span class="chip none">silenced</span>`;
  return html`<span class="quiet">nobody yet</span>`;
}

function Actions({ alert, onAcknowledge, onSilence }) {
  const may = useMay("operator");
  if (!may || alert.state === "resolved") return null;
  const back = () => unacknowledge(alert.id).then(beatNow, failed);
  return html`${alert.acknowledged ? html`<button type="button" class="button" onClick=${back}>Take back</button>`
    : html`<button type="button" class="button acknowledge" title="( a )" onClick=${onAcknowledge}>Acknowledge</button>`}
    <button type="button" class="button" onClick=${onSilence}>Silence</button>`;
}

function openServer(event, name) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  goToPage("servers", { server: name });
}

export function AlertRow({ alert }) {
  const [asking, ask] = useState("");
  const close = () => ask("");
  const word = conditionWord(alert.condition);
  return html`<tr data-row=${alert.id} class=${`alert v-${alert.condition} is-${alert.state}`}>
    <td><span class="badge v-${alert.state === "resolved" ? "clear" : alert.condition}"><${Glyph} of=${alert.state === "resolved" ? "clear" : alert.condition} />
      ${word}</span><span class="sub">${STATE_WORDS[alert.state] ?? alert.state}${alert.flapping && ", flapping"}</span></td>
    <th scope="row">${alert.server ? html`<a class="row-action" href=${pageUrl("servers", { server: alert.server })}
      onClick=${(event) => openServer(event, alert.server)}><bdi>${alert.server}</bdi></a>` : "the collector"}</th>
    <td><bdi>${alert.site || "–"}</bdi></td>
    <td><bdi>${alert.text}</bdi>${alert.cause && html`<span class="sub">cause: <bdi>${alert.cause}</bdi></span>`}</td>
    <td><${Age} at=${alert.since} />${alert.resolved_at && html`<span class="sub">resolved <${Age} at=${alert.resolved_at} ago /></span>`}</td>
    <td><${LookedAfter} alert=${alert} /></td>
    <td class="actions"><${Actions} alert=${alert} onAcknowledge=${() => ask("acknowledge")} onSilence=${() => ask("silence")} />
      ${asking === "acknowledge" && html`<${AcknowledgeDialog} alert=${alert} onClose=${close} />`}
      ${asking === "silence" && html`<${SilenceDialog} matchers=${{ server: alert.server, condition: alert.condition }} onClose=${close} />`}</td></tr>`;
}
