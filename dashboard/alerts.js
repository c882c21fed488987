/*
 * Alerts: what is wrong now and who looks after it; silences, by which what matches is told to
 * nobody for a while; and deliveries: what was, is or could not be told to hooks.
 */

import { acknowledge, addSilence, endSilence, paths, retryDelivery, unacknowledge } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, ChangeButton, Chip, Choices, Dialog, endTime, DataTable, Field, Glyph, Link, Main, NoAnswer, Moment, Pager, Quiet, Section, DurationField } from "./parts.js";
import { goTo, goToPage, place } from "./place.js";
import { useHasRole } from "./reader.js";
import { collectorNow, conditionClass, conditionWord, VERDICTS } from "./words.js";

/* ---- silences ---- */

const MATCHERS = [["server", "Server"], ["site", "Site"], ["organization", "Organization"], ["condition", "Condition"]];

function SilenceDialog({ matchers, onClose }) {
  const send = async ({ comment, span, ...patterns }) => {
    const set = Object.fromEntries(Object.entries(patterns).filter(([, pattern]) => pattern !== ""));
    if (Object.keys(set).length === 0) throw new Error("Say what is to be silenced: one pattern at least.");
    await addSilence({ matchers: set, comment, ends_at: endTime(span, collectorNow()) });
  };
  return html`<${Dialog} title="Silence" submit="Silence" onSubmit=${send} onClose=${onClose}>
    <p>What matches all of these is told to nobody; the page still shows it. <code>*</code> and <code>?</code> stand for anything.</p>
    ${MATCHERS.map(([name, word]) => html`<${Field} key=${name} label=${word} name=${name} maxlength="255" defaultValue=${matchers[name]} />`)}
    <${Field} label="Comment" name="comment" maxlength="1024" required /><${DurationField} label="Until" name="span" /><//>`;
}

function Silences({ answer: { body, error } }) {
  const may = useHasRole("operator");
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<${DataTable} label="Silences" heads=${["What", "Comment", "By", "From", "Until", ""]}>${body.silences.map((silence) => html`<tr key=${silence.id}>
    <th scope="row">${Object.entries(silence.matchers).map(([name, pattern]) => html`<span class="matcher">${name} = <bdi>${pattern}</bdi></span> `)}</th>
    <td><bdi>${silence.comment}</bdi></td><td><bdi>${silence.by}</bdi></td><td><${Moment} at=${silence.starts_at} /></td><td><${Moment} at=${silence.ends_at} /></td>
    <td class="actions">${may && html`<${ChangeButton} change=${() => endSilence(silence.id)}>End<//>`}</td></tr>`)}<//>`;
}

/* ---- deliveries ---- */

const DELIVERED = { waiting: ["waiting", "warn"], dead: ["not delivered", "bad"], done: ["delivered", "ok"] };
const DELIVERIES = [["", "All"], ["waiting", "Waiting"], ["dead", "Not delivered"], ["done", "Delivered"]];
const FEW = "100";
const MANY = "1000"; // as many as the API gives at once

function Delivery({ delivery, may }) {
  const [word, tone] = DELIVERED[delivery.state] ?? [delivery.state, "none"];
  return html`<tr data-delivery=${delivery.id}><td><${Chip} tone=${tone}>${word}<//></td><th scope="row"><bdi>${delivery.hook}</bdi></th>
    <td><${Moment} at=${delivery.made_at} /></td><td>${delivery.attempts}</td>
    <td class="when">${delivery.next_at ? html`again <${Moment} at=${delivery.next_at} />` : delivery.ended_at && html`<${Moment} at=${delivery.ended_at} />`}</td>
    <td class="said"><bdi>${delivery.result}</bdi></td><td class="hash">${delivery.id}</td>
    <td class="actions">${may && delivery.state !== "done" && html`<${ChangeButton} change=${() => retryDelivery(delivery.id)}>Send now<//>`}</td></tr>`;
}

function Deliveries() {
  const { deliveries: state } = place.use((all) => all);
  const [limit, setLimit] = useState(FEW);
  const { body, next, error } = useAnswer(paths.deliveries({ limit, ...(state ? { state } : {}) }));
  const may = useHasRole("operator");
  return html`<${Choices} label="Deliveries by state" of=${DELIVERIES} isOn=${(name) => name === state}
      onChoose=${(name) => goTo({ deliveries: name }, { replace: true })} />
    ${!body ? html`<${NoAnswer} error=${error} />` : html`<${DataTable} label="Deliveries" kind="compact" heads=${["State", "Hook", "Made", "Tries", "Ended, or again", "Answer", "Id", ""]}>
      ${body.deliveries.map((delivery) => html`<${Delivery} key=${delivery.id} delivery=${delivery} may=${may} />`)}<//>`}
    ${next && (limit === FEW ? html`<button type="button" class="link" onClick=${() => setLimit(MANY)}>More</button>`
    : html`<${Quiet}>These are the latest; GET /v1/deliveries has all that are kept.<//>`)}`;
}

/* ---- alert row ---- */

const STATE_WORDS = { firing: "Firing", pending: "Pending", resolved: "Resolved" };

function AcknowledgeDialog({ alert, onClose }) {
  const send = ({ comment, span }) => acknowledge(alert.id, { comment, until: endTime(span, collectorNow()) });
  return html`<${Dialog} title=${`Acknowledge: ${conditionWord(alert.condition)}, ${alert.server}`} submit="Acknowledge" onSubmit=${send} onClose=${onClose}>
    <p>It is not repeated while somebody looks after it.</p>
    <${Field} label="Comment" name="comment" maxlength="1024" hint="Who does what about it; everybody sees this." required />
    <${DurationField} label="Until" name="span" open="it is resolved" /><//>`;
}

function Until({ at }) {
  return html`, until <${Moment} at=${at} />`;
}

function LookedAfter({ alert, silences }) {
  const { acknowledged, silenced_by: silenced, maintenance } = alert;
  if (!acknowledged && !maintenance && silenced.length === 0) return html`<span class="quiet">nobody yet</span>`;
  return html`${acknowledged && html`<span class="what" title=${acknowledged.comment}><${Chip} tone="acknowledged"><bdi>${acknowledged.by}</bdi><//> <bdi>${acknowledged.comment}</bdi></span>
      <span class="sub"><${Moment} at=${acknowledged.at} />${acknowledged.until && html`<${Until} at=${acknowledged.until} />`}</span>`}
    ${maintenance && html`<span class="what"><${Chip} tone="none">maintenance<//> <bdi>${maintenance}</bdi></span>`}
    ${silenced.map((id) => {
    const silence = silences.find((s) => s.id === id);
    return html`<span class="what" title=${silence?.comment}><${Chip} tone="none">silenced<//> <bdi>${silence?.comment}</bdi></span>
      ${silence && html`<span class="sub"><bdi>${silence.by}</bdi><${Until} at=${silence.ends_at} /></span>`}`;
  })}`;
}

function Actions({ alert, openDialog }) {
  if (!useHasRole("operator") || alert.state === "resolved") return null;
  return html`${alert.acknowledged ? html`<${ChangeButton} change=${() => unacknowledge(alert.id)}>Take back<//>`
    : html`<button type="button" class="button acknowledge" title="( a )" onClick=${() => openDialog({ acknowledge: alert })}>Acknowledge</button>`}
    <button type="button" class="button" onClick=${() => openDialog({ silence: { server: alert.server, condition: alert.condition } })}>Silence</button>`;
}

function AlertRow({ alert, silences, openDialog }) {
  const over = alert.state === "resolved";
  return html`<tr data-row=${alert.id} data-server=${alert.server} class=${`alert ${over ? "v-not_applicable" : conditionClass(alert.condition)} is-${alert.state}`}>
    <td class="c-verdict"><span class="badge ${over ? "v-clear" : conditionClass(alert.condition)}"><${Glyph} of=${over ? "clear" : alert.condition} />${conditionWord(alert.condition)}</span>
      <span class="sub">${STATE_WORDS[alert.state] ?? alert.state}${alert.flapping && ", flapping"}</span></td>
    <th scope="row" class="c-server">${alert.server ? html`<${Link} class="row-action" to=${{ server: alert.server }}><bdi>${alert.server}</bdi><//>` : "the collector"}
      <span class="sub"><bdi>${alert.site}</bdi></span></th>
    <td class="c-why"><span class="what" title=${alert.text}><bdi>${alert.text}</bdi></span>
      ${alert.remedy && !over && html`<span class="fix" title=${alert.remedy}><bdi>${alert.remedy}</bdi></span>`}</td>
    <td class="c-since"><${Age} at=${alert.since} />${alert.resolved_at && html`<span class="sub">over <${Age} at=${alert.resolved_at} ago /></span>`}</td>
    <td class="c-looked"><${LookedAfter} alert=${alert} silences=${silences} /></td>
    <td class="actions"><${Actions} alert=${alert} openDialog=${openDialog} /></td></tr>`;
}

/* ---- alerts ---- */

const STATES = Object.entries(STATE_WORDS);
const LIMIT = "200";

function queryOf({ state, server, site, cursor }) {
  const query = new URLSearchParams({ limit: LIMIT });
  for (const name of state) query.append("state", name);
  for (const [name, value] of Object.entries({ server, site, cursor })) if (value) query.set(name, value);
  return query;
}

const RANK = Object.keys(VERDICTS);

/* Within a page: those that fire first, the worst of them first. */
function worse(a, b) {
  if (a.state !== b.state) return 0;
  return RANK.indexOf(a.condition) - RANK.indexOf(b.condition);
}

function Table({ alerts, isAll, ...rest }) {
  if (alerts.length === 0) return html`<p class="empty" id="no-alerts">${isAll ? "There are no alerts." : "No alert fits what is asked for."}</p>`;
  return html`<table class="grid" id="alerts"><caption class="visually-hidden">Alerts, those that fire first</caption><thead><tr>
    ${["State", "Server", "What, and what to do", "Since", "Looked after", ""].map((head) => html`<th scope="col">${head || html`<span class="visually-hidden">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${[...alerts].sort(worse).map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} ...${rest} />`)}</tbody></table>`;
}

export function Alerts() {
  const where = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.alerts(queryOf(where)));
  const silences = useAnswer(paths.silences());
  const may = useHasRole("operator");
  const [dialog, setDialog] = useState({}); // {acknowledge: an alert}, or {silence: matchers}
  const close = () => setDialog({});
  const toggle = (name) => goTo({ state: where.state.includes(name) ? where.state.filter((s) => s !== name) : [...where.state, name], cursor: "" });
  const tools = html`<${Choices} label="Alerts by state" of=${STATES} isOn=${(name) => where.state.includes(name)} onChoose=${toggle} />
      ${(where.server || where.site) && html`<button type="button" class="link" onClick=${() => goToPage("alerts")}>All servers</button>`}
      ${may && body && html`<button type="button" class="button" id="add-silence" onClick=${() => setDialog({ silence: where.server ? { server: where.server } : {} })}>Silence…</button>`}`;
  return html`<${Main} title=${html`Alerts${where.server && html` of <bdi>${where.server}</bdi>`}`} tools=${tools}>
    ${body ? html`<${Table} alerts=${body.alerts} isAll=${!where.server && !where.site && where.state.length === 0} silences=${silences.body?.silences ?? []} openDialog=${setDialog} />` : html`<${NoAnswer} error=${error} />`}
    <${Pager} next=${next} label="Pages of alerts" />
    ${dialog.acknowledge && html`<${AcknowledgeDialog} alert=${dialog.acknowledge} onClose=${close} />`}
    ${dialog.silence && html`<${SilenceDialog} matchers=${dialog.silence} onClose=${close} />`}
    ${body && html`<div class="cards"><${Section} title="Silences" id="silences" wide><${Silences} answer=${silences} /><//>
      <${Section} title="Deliveries" id="deliveries" wide><${Deliveries} /><//></div>`}<//>`;
}
