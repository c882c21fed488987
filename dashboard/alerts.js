/*
 * Alerts: what is wrong now and who looks after it; silences, by which what matches is told to
 * nobody for a while; and deliveries: what was, is or could not be told to hooks.
 */

import { acknowledge, addSilence, endSilence, paths, retryDelivery, unacknowledge } from "./api.js";
import { Dialog, endOf, Field, SpanField } from "./dialog.js";
import { html, useState } from "./html.js";
import { beatNow, failed, useAnswer } from "./live.js";
import { Age, Chip, Facts, Glyph, Link, Missing, Moment, Quiet, Section } from "./parts.js";
import { goTo, place } from "./place.js";
import { useMay } from "./reader.js";
import { collectorNow, SILENT, verdictWord } from "./words.js";

/* ---- silences ---- */

const MATCHERS = [["server", "Server"], ["site", "Site"], ["organization", "Organization"], ["condition", "Condition"]];

function SilenceDialog({ matchers, onClose }) {
  const send = ({ comment, span, ...patterns }) => {
    const set = Object.fromEntries(Object.entries(patterns).filter(([, pattern]) => pattern !== ""));
    if (Object.keys(set).length === 0) throw new Error("Say what is to be silenced: one pattern at least.");
    return addSilence({ matchers: set, comment, ends_at: endOf(span, collectorNow()) });
  };
  return html`<${Dialog} title="Silence" submit="Silence" onSubmit=${async (values) => send(values)} onClose=${onClose}>
    <p>What matches all of these is told to nobody; the page still shows it. <code>*</code> and <code>?</code> stand for anything.</p>
    ${MATCHERS.map(([name, word]) => html`<${Field} key=${name} label=${word} name=${name} maxlength="255" defaultValue=${matchers[name] ?? ""} />`)}
    <${Field} label="Comment" name="comment" maxlength="1024" required /><${SpanField} label="Until" name="span" /><//>`;
}

function Silences() {
  const { body, error } = useAnswer(paths.silences());
  const may = useMay("operator");
  if (!body) return html`<${Missing} error=${error} missing="This collector knows no silences." />`;
  const silences = body.silences ?? [];
  if (silences.length === 0) return html`<${Quiet}>None.<//>`;
  const end = (id) => endSilence(id).then(beatNow, failed);
  return html`<${Facts} label="Silences" heads=${["What", "Comment", "By", "From", "Until", ""]}>${silences.map((silence) => html`<tr key=${silence.id}>
    <th scope="row">${Object.entries(silence.matchers).map(([name, pattern]) => html`<span class="matcher">${name} = <bdi>${pattern}</bdi></span> `)}</th>
    <td><bdi>${silence.comment}</bdi></td><td><bdi>${silence.by}</bdi></td><td><${Moment} at=${silence.starts_at} /></td><td><${Moment} at=${silence.ends_at} /></td>
    <td class="actions">${may && html`<button type="button" class="button" onClick=${() => end(silence.id)}>End</button>`}</td></tr>`)}<//>`;
}

/* ---- deliveries ---- */

const DELIVERED = { waiting: ["waiting", "warn"], dead: ["not delivered", "bad"], done: ["delivered", "ok"] };
const CHOICES = [["", "All"], ["waiting", "Waiting"], ["dead", "Not delivered"], ["done", "Delivered"]];

function Delivery({ delivery, may }) {
  const [word, tone] = DELIVERED[delivery.state] ?? [delivery.state, "none"];
  const retry = () => retryDelivery(delivery.id).then(beatNow, failed);
  return html`<tr><td><${Chip} tone=${tone}>${word}<//></td><th scope="row"><bdi>${delivery.hook}</bdi></th>
    <td><bdi>${delivery.id}</bdi></td>
    <td>${delivery.attempts}</td>
    <td><${Moment} at=${delivery.made_at} />
      ${delivery.next_at && html`<span class="sub">again <${Moment} at=${delivery.next_at} /></span>`}</td>
    <td><bdi>${delivery.result ?? ""}</bdi></td>
    <td class="actions">${may && delivery.state !== "done" && html`<button type="button" class="button" onClick=${retry}>Send now</button>`}</td></tr>`;
}

function Deliveries() {
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

/* ---- alert row ---- */

const STATE_WORDS = { firing: "Firing", pending: "Pending", resolved: "Resolved" };

function conditionWord(condition) {
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
  const { acknowledged, silenced_by: silences = [], maintenance } = alert;
  if (acknowledged) {
    return html`<span class="chip acknowledged"><bdi>${acknowledged.by}</bdi></span> <bdi>${acknowledged.comment}</bdi>
      <span class="sub"><${Moment} at=${acknowledged.at} />${acknowledged.until && html`, until <${Moment} at=${acknowledged.until} />`}</span>`;
  }
  if (maintenance) return html`<span class="chip none">maintenance</span> <bdi>${maintenance}</bdi>`;
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

function AlertRow({ alert }) {
  const [asking, ask] = useState("");
  const close = () => ask("");
  const word = conditionWord(alert.condition);
  return html`<tr data-row=${alert.id} class=${`alert v-${alert.state === "resolved" ? "not_applicable" : alert.condition} is-${alert.state}`}>
    <td><span class="badge v-${alert.state === "resolved" ? "clear" : alert.condition}"><${Glyph} of=${alert.state === "resolved" ? "clear" : alert.condition} />
      ${word}</span><span class="sub">${STATE_WORDS[alert.state] ?? alert.state}${alert.flapping && ", flapping"}</span></td>
    <th scope="row">${alert.server ? html`<${Link} class="row-action" to=${{ server: alert.server }}><bdi>${alert.server}</bdi><//>` : "the collector"}</th>
    <td><bdi>${alert.site || "–"}</bdi></td>
    <td><bdi>${alert.text}</bdi>${alert.cause && html`<span class="sub">cause: <bdi>${alert.cause}</bdi></span>`}</td>
    <td><${Age} at=${alert.since} />${alert.resolved_at && html`<span class="sub">resolved <${Age} at=${alert.resolved_at} ago /></span>`}</td>
    <td><${LookedAfter} alert=${alert} /></td>
    <td class="actions"><${Actions} alert=${alert} onAcknowledge=${() => ask("acknowledge")} onSilence=${() => ask("silence")} />
      ${asking === "acknowledge" && html`<${AcknowledgeDialog} alert=${alert} onClose=${close} />`}
      ${asking === "silence" && html`<${SilenceDialog} matchers=${{ server: alert.server, condition: alert.condition }} onClose=${close} />`}</td></tr>`;
}

/* ---- alerts ---- */

const STATES = [["firing", "Firing"], ["pending", "Pending"], ["resolved", "Resolved"]];
const LIMIT = "200";

function StateFilter({ state }) {
  const toggle = (name) => goTo({ state: state.includes(name) ? state.filter((s) => s !== name) : [...state, name], cursor: "" });
  return html`<p class="choices" role="group" aria-label="Alerts by state">${STATES.map(([name, word]) => html`<button type="button"
    key=${name} aria-pressed=${String(state.includes(name))} onClick=${() => toggle(name)}>${word}</button>`)}</p>`;
}

function queryOf({ state, server, site, cursor }) {
  const query = new URLSearchParams({ limit: LIMIT });
  for (const name of state) query.append("state", name);
  for (const [name, value] of Object.entries({ server, site, cursor })) if (value) query.set(name, value);
  return query;
}

function Table({ alerts }) {
  if (alerts.length === 0) return html`<p class="empty" id="no-alerts">No alert fits what is asked for.</p>`;
  return html`<div class="wide" tabindex="0" role="region" aria-label="Alerts"><table class="grid" id="alerts"><thead><tr>
    ${["State", "Server", "Site", "What", "Since", "Looked after", ""].map((head) => html`<th scope="col">${head || html`<span class="visually-hidden">Actions</span>`}</th>`)}</tr></thead>
    <tbody>${alerts.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} />`)}</tbody></table></div>`;
}

export function Alerts() {
  const where = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.alerts(queryOf(where)));
  const may = useMay("operator");
  const [silencing, silence] = useState(false);
  const filtered = where.server || where.site;
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline">Alerts${where.server && html` of <bdi>${where.server}</bdi>`}</h2>
      <${StateFilter} state=${where.state} />
      ${filtered && html`<button type="button" class="link" onClick=${() => goTo({ server: "", site: "", organization: "" })}>All servers</button>`}
      ${may && body && html`<button type="button" class="button" id="add-silence" onClick=${() => silence(true)}>Silence…</button>`}</div>
    ${body ? html`<${Table} alerts=${body.alerts ?? []} />`
    : html`<${Missing} error=${error} missing="This collector has no alerts API: it is an older one. Its hook still tells of every change of a verdict." />`}
    ${next && html`<nav class="pager" aria-label="Pages of alerts"><button type="button" class="button" onClick=${() => goTo({ cursor: next })}>Next</button></nav>`}
    ${silencing && html`<${SilenceDialog} matchers=${where.server ? { server: where.server } : {}} onClose=${() => silence(false)} />`}
    ${body && html`<div class="cards"><${Section} title="Silences" id="silences" wide><${Silences} /><//>
      <${Section} title="Deliveries" id="deliveries" wide><${Deliveries} /><//></div>`}
  </main>`;
}
