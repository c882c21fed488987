/*
 * Alerts: what is wrong now, worst first, and who looks after it; some of them are chosen and acknowledged or
 * silenced together. Silences and deliveries have tabs of their own.
 */

import { get, paths } from "./api.js";
import {
  AcknowledgeDialog, AlertActions, ConditionBadge, History, LookedAfter, SilenceManyDialog,
} from "./care.js";
import { Deliveries } from "./deliveries.js";
import { html, useState } from "./html.js";
import { noteFailure, useAnswer } from "./live.js";
import { Age, Button, Choices, Link, Moment, NoAnswer, Owned, Pager, TextLine, VerdictBadge } from "./parts.js";
import { goTo, goToPage, place, siteName } from "./place.js";
import { useHasRole } from "./reader.js";
import { SilenceDialog, Silences } from "./silences.js";
import { conditionClass, conditionWord, count } from "./words.js";

const STATE_WORDS = { firing: "Firing", pending: "Pending", resolved: "Resolved" };
const STATES = Object.entries(STATE_WORDS);
const LIMIT = "200";
const MOST = "1000"; // as many as the API gives at once

/* ---- row ---- */

function ServerLink({ name }) {
  return html`<${Link} class="row-action" to=${{ server: name }}><bdi>${name}</bdi><//>`;
}

function Step({ step }) {
  return html`<li><bdi>${step.text}</bdi>${step.verdict_after && html`<span class="after">then:
    <${VerdictBadge} verdict=${step.verdict_after} /></span>`}</li>`;
}

function Steps({ options }) {
  return html`${options.map(({ steps }, i) => html`<div key=${i} class="option">
    ${options.length > 1 && html`<h4>Option ${i + 1}${i === 0 && ", the smallest change"}</h4>`}
    <ol>${steps.map((step) => html`<${Step} step=${step} />`)}</ol></div>`)}`;
}

/* The server's own event that shows it, by the server's clock. */
function OwnEvent({ alert: { event, event_at: at } }) {
  if (!event) return null;
  return html`<p class="quiet">The server's own log: event ${event}${at && html`, <${Moment} at=${at} />`}</p>`;
}

/* What is wrong and what to do, in few lines; whole when it is opened. Of one that is over, what is so now. */
function Story({ alert, isOver }) {
  const text = isOver && alert.now || alert.text;
  const options = isOver ? [] : alert.options ?? [];
  return html`<details class=${options.length > 0 ? "story with-steps" : "story"}>
    <summary><${TextLine} kind="what" text=${text} />
      ${alert.remedy && !isOver && html`<${TextLine} kind="fix" text=${alert.remedy} />`}</summary>
    <${Steps} options=${options} /><${OwnEvent} alert=${alert} /><${History} alert=${alert} /></details>`;
}

function stateText({ state, condition, worst, flapping }) {
  if (state === "resolved") return `was ${conditionWord(worst ?? condition).toLowerCase()}`;
  return `${STATE_WORDS[state] ?? state}${flapping ? ", flapping" : ""}`;
}

function Chooser({ alert, isChosen, onChoose }) {
  const label = `${conditionWord(alert.condition)}, ${alert.server || "the collector"}`;
  return html`<input type="checkbox" aria-label=${`Choose ${label}`} checked=${isChosen}
    onChange=${() => onChoose(alert)} />`;
}

function AlertRow({ alert, silences, mayEdit, isChosen, onChoose, openDialog }) {
  const isOver = alert.state === "resolved";
  const colour = isOver ? "v-not_applicable" : conditionClass(alert.condition);
  return html`<tr data-row=${alert.id} data-server=${alert.server}
      class=${`alert ${colour} is-${alert.state}${isChosen ? " chosen" : ""}`}>
    ${mayEdit && html`<td class="c-choose">${!isOver && html`<${Chooser} alert=${alert} isChosen=${isChosen}
      onChoose=${onChoose} />`}</td>`}
    <td class="c-verdict"><${ConditionBadge} alert=${alert} /><span class="sub">${stateText(alert)}</span></td>
    <th scope="row" class="c-server">${alert.server ? html`<${ServerLink} name=${alert.server} />` : "the collector"}
      <span class="sub"><bdi>${alert.server && siteName(alert)}</bdi></span><${Owned} of=${alert} /></th>
    <td class="c-why"><${Story} alert=${alert} isOver=${isOver} /></td>
    <td class="c-since"><${Age} at=${alert.since} />
      ${alert.resolved_at && html`<span class="sub">over <${Age} at=${alert.resolved_at} ago /></span>`}</td>
    <td class="c-looked"><${LookedAfter} alert=${alert} silences=${silences} /></td>
    ${mayEdit && html`<td class="actions"><${AlertActions} alert=${alert} openDialog=${openDialog} /></td>`}</tr>`;
}

/* ---- table ---- */

/* class, head, what it sorts by */
const COLUMNS = [
  ["verdict", "State", "worst"], ["server", "Server", "server"], ["why", "What, and what to do"],
  ["since", "Since", "newest"], ["looked", "Acknowledged"],
];

function ColumnHead({ column: [name, title, key], sort }) {
  if (!key) return html`<th scope="col" class="c-${name}">${title}</th>`;
  const isOn = (sort || "worst") === key;
  return html`<th scope="col" class="c-${name}" aria-sort=${isOn ? "ascending" : null}>
    <${Link} here=${{ sort: key === "worst" ? "" : key, cursor: "" }}>${title}${isOn && " ▾"}<//></th>`;
}

function Heads({ mayEdit, sort, isAllChosen, onChooseAll }) {
  return html`<thead><tr>
    ${mayEdit && html`<th scope="col" class="c-choose"><input type="checkbox" id="choose-all"
      aria-label="Choose all that are shown" checked=${isAllChosen} onChange=${onChooseAll} /></th>`}
    ${COLUMNS.map((column) => html`<${ColumnHead} key=${column[0]} column=${column} sort=${sort} />`)}
    ${mayEdit && html`<th scope="col" class="c-actions"><span class="visually-hidden">Actions</span></th>`}
  </tr></thead>`;
}

function AlertTable({ alerts, isAll, where, chosen, choose, mayEdit, ...rest }) {
  const text = isAll ? "There are no alerts." : "No alert matches the filter.";
  if (alerts.length === 0) return html`<p class="empty" id="no-alerts">${text}</p>`;
  const open = alerts.filter((alert) => alert.state !== "resolved");
  const isAllChosen = open.length > 0 && open.every(({ id }) => chosen.has(id));
  return html`<table class="grid" id="alerts">
    <caption class="visually-hidden">Alerts, those that fire first${!where.sort && ", and the worst of them"}</caption>
    <${Heads} mayEdit=${mayEdit} sort=${where.sort} isAllChosen=${isAllChosen}
      onChooseAll=${() => choose(open, !isAllChosen)} />
    <tbody>${alerts.map((alert) => html`<${AlertRow} key=${alert.id} alert=${alert} isChosen=${chosen.has(alert.id)}
      onChoose=${() => choose([alert], !chosen.has(alert.id))} mayEdit=${mayEdit} ...${rest} />`)}</tbody></table>`;
}

/* ---- many at once ---- */

/* The alerts that fire or may, and have the same of it as some that are chosen. */
async function loadSame(chosen, keys) {
  const queries = new Map();
  for (const alert of chosen) {
    const query = new URLSearchParams({ limit: MOST });
    for (const state of ["firing", "pending"]) query.append("state", state);
    for (const key of keys) query.set(key, alert[key] ?? "");
    queries.set(query.toString(), query);
  }
  const answers = await Promise.all([...queries.values()].map((query) => get(paths.alerts(query))));
  return answers.flatMap(({ body }) => body.alerts);
}

/** What is done to all that are chosen; `choose(alerts, true)` adds to them. */
function Bar({ chosen, choose, clear, openDialog }) {
  const alerts = [...chosen.values()];
  const more = (keys) => loadSame(alerts, keys).then((same) => choose(same, true)).catch(noteFailure);
  return html`<div class="bar" id="bar" role="region" aria-label="Chosen alerts">
    <strong role="status">${count(alerts.length, "alert")} chosen</strong>
    <${Button} class="link" onClick=${() => more(["organization", "site"])}>
      Add all of ${alerts.length > 1 ? "their sites" : "its site"}<//>
    <${Button} class="link" onClick=${() => more(["cause"])}>Add all of the same cause<//>
    <span class="bar-actions">
      <${Button} class="button primary" onClick=${() => openDialog({ acknowledge: alerts })}>Acknowledge all<//>
      <${Button} onClick=${() => openDialog({ silenceMany: alerts })}>Silence all<//>
      <${Button} class="link" onClick=${clear}>None<//></span></div>`;
}

/* [a Map from id to alert, choose(alerts, on), clear()] */
function useChosen() {
  const [chosen, setChosen] = useState(new Map());
  const choose = (alerts, on) => setChosen((before) => {
    const after = new Map(before);
    for (const alert of alerts) {
      if (on) after.set(alert.id, alert);
      else after.delete(alert.id);
    }
    return after;
  });
  return [chosen, choose, () => setChosen(new Map())];
}

/* ---- page ---- */

function queryOf({ state, server, site, organization, sort, cursor }) {
  const query = new URLSearchParams({ limit: LIMIT });
  for (const name of state) query.append("state", name);
  for (const [name, value] of Object.entries({ server, site, organization, sort, cursor })) {
    if (value) query.set(name, value);
  }
  return query;
}

function Tools({ where, maySilence, openDialog }) {
  const { state, server, site, organization } = where;
  const toggle = (name) => {
    const names = state.includes(name) ? state.filter((s) => s !== name) : [...state, name];
    goTo({ state: names, cursor: "" });
  };
  const matchers = server ? { server } : site && organization ? { sites: `${organization}/${site}` } : {};
  return html`<div class="alert-tools"><${Choices} label="Alerts by state" of=${STATES}
      isOn=${(name) => state.includes(name)} onChoose=${toggle} />
    ${(server || site) && html`<${Button} class="link" onClick=${() => goToPage("alerts")}>All servers<//>`}
    ${maySilence && html`<${Button} id="add-silence" onClick=${() => openDialog({ silence: matchers })}>Silence…<//>`}
    </div>`;
}

export function AlertDialogs({ dialog, onClose, onDone }) {
  return html`
    ${dialog.acknowledge && html`<${AcknowledgeDialog} alerts=${dialog.acknowledge} onClose=${onClose}
      onDone=${onDone} />`}
    ${dialog.silenceMany && html`<${SilenceManyDialog} alerts=${dialog.silenceMany} onClose=${onClose}
      onDone=${onDone} />`}
    ${dialog.silence && html`<${SilenceDialog} matchers=${dialog.silence} onClose=${onClose} />`}`;
}

function AlertList() {
  const where = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.alerts(queryOf(where)));
  const silences = useAnswer(paths.silences());
  const mayEdit = useHasRole("operator");
  const [chosen, choose, clear] = useChosen();
  const [dialog, setDialog] = useState({}); // {acknowledge: alerts}, {silenceMany: alerts} or {silence: matchers}
  const isAll = !where.server && !where.site && where.state.length === 0;
  return html`<${Tools} where=${where} maySilence=${mayEdit && body} openDialog=${setDialog} />
    ${!body ? html`<${NoAnswer} error=${error} />` : html`<${AlertTable} alerts=${body.alerts} isAll=${isAll}
      where=${where} silences=${silences.body?.silences ?? []} chosen=${chosen} choose=${choose} mayEdit=${mayEdit}
      openDialog=${setDialog} />`}
    <${Pager} next=${next} label="Pages of alerts" />
    ${chosen.size > 0 && html`<${Bar} chosen=${chosen} choose=${choose} clear=${clear} openDialog=${setDialog} />`}
    <${AlertDialogs} dialog=${dialog} onClose=${() => setDialog({})} onDone=${clear} />`;
}

const TABS = [["", "Alerts", AlertList], ["silences", "Silences", Silences], ["deliveries", "Deliveries", Deliveries]];

function Tab({ name, word, current }) {
  return html`<${Link} here=${{ tab: name, cursor: "" }} aria-current=${name === current ? "page" : null}>${word}<//>`;
}

export function Alerts() {
  const { tab, server, site, organization } = place.use((state) => state);
  const [current, , Content] = TABS.find(([name]) => name === tab) ?? TABS[0];
  const of = server || (site && siteName({ site, organization }));
  return html`<main id="list" tabindex="-1"><div class="headline">
      <h2 id="headline" class=${of ? "" : "visually-hidden"}>Alerts${of && html` of <bdi>${of}</bdi>`}</h2>
      <nav class="tabs sub-tabs" aria-label="Alerts, silences, deliveries">
        ${TABS.map(([name, word]) => html`<${Tab} key=${name} name=${name} word=${word} current=${current} />`)}</nav>
    </div><${Content} /></main>`;
}
