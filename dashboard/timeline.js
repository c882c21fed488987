/*
 * The timeline of a server: bands of one state each, of its verdict and below of each adapter's reach, marks for
 * events, a line where its event log begins, and the same as a table and a list. The functions that make bands and
 * marks of the API's changes come first; they need no page.
 */

import { paths } from "./api.js";
import { html } from "./html.js";
import { useAnswer } from "./live.js";
import { Choices, DataTable, Moment, Quiet, useZone, VerdictBadge } from "./parts.js";
import { goTo, place } from "./place.js";
import { adaptersOf, logBoundary, reachBands, reachKind, reachWord } from "./reach.js";
import { bothTimes, collectorNow, serviceWord, timeText, verdictWord } from "./words.js";

/* ---- history ---- */

const timeOf = (text) => Date.parse(text);

/* The part of the state that a change of the verdict or of the silence sets. */
function stateOf({ kind, detail }) {
  return kind === "verdict" ? { verdict: detail.after } : { silent: detail.silent === true };
}

/**
 * The bands from `from` to `to` (ms), the oldest first: {from, to, verdict, silent}. `changes` are
 * those of the API, the latest first. There is no band before the first change: the state then is not known.
 */
function bandsOf(server, changes, from, to) {
  const states = changes.filter((c) => c.kind === "verdict" || c.kind === "silent").reverse();
  const bands = [];
  let state = {};
  const beginBand = (at, next) => {
    const last = bands[bands.length - 1];
    if (last && last.verdict === next.verdict && last.silent === next.silent) return;
    if (last) last.to = at;
    bands.push({ from: at, to, ...next });
  };
  for (const change of states) {
    state = { silent: false, ...state, ...stateOf(change) };
    if (state.verdict) beginBand(timeOf(change.at), state);
  }
  if (bands.length === 0) {
    bands.push({ from: timeOf(server.since), to, verdict: server.verdict, silent: server.silent });
  }
  return bands.filter((b) => b.to > from && b.from < to).map((b) => ({ ...b, from: Math.max(b.from, from) }));
}

const names = (list, name) => (list ?? []).map(name).join(", ");

function adaptersText({ added, removed, changed }) {
  return [added?.length && `added ${names(added, (a) => a.id)}`,
    removed?.length && `removed ${names(removed, (a) => a.id)}`,
    changed?.length && `changed ${names(changed, (c) => c.after?.id)}`].filter(Boolean).join("; ");
}

const driftText = ({ began, ended }) => [...began.map((mark) => mark.text),
  ...ended.map((mark) => `No longer: ${mark.text}`)].join(" ");

/* By kind, as the collector's history tells it. */
const TEXTS = {
  reported: () => "Its first report",
  verdict: (d) => verdictWord(d.after),
  silent: (d) => (d.silent ? "Silent" : "Reports again"),
  mta: (d) => `MTA ${serviceWord(d.after)}, was ${serviceWord(d.before)}`,
  mta_start: (d) => `MTA start ${d.outcome === "failed" ? "failed" : "went well"}`,
  adapters: (d) => `Adapters: ${adaptersText(d)}`,
  files: (d) => `Files: ${names(d.changed, (c) => `${c.name} ${c.after?.version ?? c.after?.state ?? "gone"}`)}`,
  drift: (d) => `Drift: ${driftText(d)}`,
  build: (d) => `Exchange ${d.after?.build ?? "not known"}`,
  removed: (d) => `Removed by ${d.by}${d.reason ? `: ${d.reason}` : ""}`,
  place: (d) => `Moved to ${[d.after?.organization, d.after?.site].filter(Boolean).join(" / ")}`,
  reach: (d) => `Adapters: ${names(d.adapters, (a) => `${a.id} ${reachWord(a).toLowerCase()}`)}`,
};

/** A change in words. */
function changeText({ kind, detail }) {
  return TEXTS[kind]?.(detail) ?? kind;
}

function startMark(start) {
  const bad = start.outcome === "failed";
  const ids = (start.events ?? []).map((event) => event.id).join(", ");
  return { at: timeOf(start.at), tone: bad ? "bad" : "ok",
    text: `MTA start ${bad ? "failed" : "went well"}${ids ? ` (event ${ids})` : ""}` };
}

/** {at, tone, text} of what happened at a moment, the oldest first. */
function marksOf(server, changes, from, to) {
  const { last_start: start, last_failure: failure } = server.report?.mta ?? {};
  const starts = [start, failure && failure.at !== start?.at ? failure : null].filter((s) => s?.at).map(startMark);
  const others = changes.filter((c) => !["verdict", "silent", "mta_start", "reach"].includes(c.kind))
    .map((c) => ({ at: timeOf(c.at), tone: "none", text: changeText(c) }));
  return [...starts, ...others].filter((m) => m.at >= from && m.at <= to).sort((a, b) => a.at - b.at);
}

/* ---- timeline ---- */

const DAY_MS = 86400000;
const WEEK = "7";
const SPANS = [["1", "Day"], [WEEK, "Week"], ["30", "Month"], ["365", "Year"]];
const iso = (ms) => new Date(ms).toISOString();
const inBothZones = (ms) => bothTimes(iso(ms));
const percent = (part, whole) => `${Math.max(0, Math.min(100, (100 * part) / whole)).toFixed(3)}%`;

function bandWord({ verdict, silent }) {
  return silent ? `Silent, was ${verdictWord(verdict).toLowerCase()}` : verdictWord(verdict);
}

/* {label, bands: [{from, to, kind, word}]} of what is drawn, the verdict first. */
function lanesOf(server, changes, from, to) {
  const verdicts = bandsOf(server, changes, from, to)
    .map((band) => ({ ...band, kind: `v-${band.silent ? "silent" : band.verdict}`, word: bandWord(band) }));
  const first = verdicts[0]?.from ?? to;
  if (first > from) verdicts.unshift({ from, to: first, kind: "gap", word: "Not watched yet" });
  return [{ label: "Verdict", bands: verdicts }, ...adaptersOf(server, changes).map((id) => ({ label: id, isReach: true,
    bands: reachBands(id, changes, from, to).map((band) => (
      { ...band, kind: reachKind(band), word: reachWord(band) })) }))];
}

function Band({ band, from, span }) {
  const title = `${band.word} from ${inBothZones(band.from)} to ${inBothZones(band.to)}`;
  const left = `min(${percent(band.from - from, span)}, 100% - 3px)`;
  const style = { left, width: percent(band.to - band.from, span) };
  return html`<li class="band ${band.kind}" title=${title} style=${style}><span>${band.word}</span></li>`;
}

function Lane({ lane, from, span }) {
  const { label, isReach } = lane;
  return html`<p class="lane-label"><bdi>${label}</bdi></p>
    <ol class=${isReach ? "bands reach" : "bands"} aria-label=${isReach ? `Reach of ${label}` : "States"}>
      ${lane.bands.map((band) => html`<${Band} band=${band} from=${from} span=${span} />`)}</ol>`;
}

function Mark({ mark, from, span }) {
  const title = `${mark.text}, ${inBothZones(mark.at)}`;
  return html`<li class="mark-at ${mark.tone}" title=${title} style=${{ left: percent(mark.at - from, span) }}>
    <span class="visually-hidden">${title}</span></li>`;
}

function Marks({ marks, from, span }) {
  return html`<ol class="marks" aria-label="Events">
    ${marks.map((mark) => html`<${Mark} mark=${mark} from=${from} span=${span} />`)}</ol>`;
}

function Axis({ from, span }) {
  const zone = useZone();
  const moments = [0, 0.25, 0.5, 0.75, 1].map((part) => from + part * span);
  const texts = moments.map((at) => html`<span>${timeText(iso(at), zone)}</span>`);
  return html`<p class="axis" aria-hidden="true">${texts}</p>`;
}

/* Before that line nothing is known of starts of the MTA. */
function LogLine({ boundary: { at, text }, from, span }) {
  const late = at > from + span / 2;
  return html`<div class="log-line" aria-hidden="true"><span class=${late ? "late" : ""} title=${inBothZones(at)}
    style=${{ left: percent(at - from, span) }}>${text}</span></div>`;
}

function LogWords({ boundary: { at, text }, from }) {
  if (!at) return html`<${Quiet}>${text}<//>`;
  const where = at <= from ? ", before what is shown" : "";
  return html`<${Quiet}>${text} <${Moment} at=${iso(at)} />${where}: of starts of the MTA before that it tells
    nothing.<//>`;
}

function Drawn({ lanes, marks, boundary, from, span }) {
  const hasLine = boundary.at > from && boundary.at < from + span;
  return html`<div class=${hasLine ? "timeline has-log" : "timeline"}>
    ${lanes.map((lane) => html`<${Lane} key=${lane.label} lane=${lane} from=${from} span=${span} />`)}
    <${Marks} marks=${marks} from=${from} span=${span} /><${Axis} from=${from} span=${span} />
    ${hasLine && html`<${LogLine} boundary=${boundary} from=${from} span=${span} />`}</div>`;
}

function Table({ lanes }) {
  const rows = lanes.flatMap(({ label, bands }) => [...bands].reverse().map((band) => ({ label, band })));
  return html`<details class="as-table"><summary>As a table</summary>
    <${DataTable} kind="timeline-table" label="States over time" heads=${["Of", "State", "From", "To"]}>
      ${rows.map(({ label, band }) => html`<tr><th scope="row"><bdi>${label}</bdi></th><td>${band.word}</td>
        <td><${Moment} at=${iso(band.from)} /></td><td><${Moment} at=${iso(band.to)} /></td></tr>`)}<//></details>`;
}

function Change({ change }) {
  return html`<li><${Moment} at=${change.at} />${" "}
    ${change.kind === "verdict" ? html`<${VerdictBadge} verdict=${change.detail.after} />`
    : html`<bdi>${changeText(change)}</bdi>`}</li>`;
}

function Changes({ changes }) {
  return html`<details class="as-list"><summary>${changes.length} changes as a list</summary>
    <ul class="changes">${changes.map((change) => html`<${Change} change=${change} />`)}</ul></details>`;
}

export default function Timeline({ server }) {
  const { body, error } = useAnswer(server.reported_at && paths.history(server.server), server);
  const days = place.use((state) => (SPANS.some(([n]) => n === state.days) ? state.days : WEEK));
  const changes = body?.changes ?? [];
  const to = collectorNow();
  const span = days * DAY_MS;
  const from = to - span;
  const lanes = lanesOf(server, changes, from, to);
  const boundary = logBoundary(server);
  return html`<${Choices} label="Length of the timeline" of=${SPANS} isOn=${(n) => n === days}
      onChoose=${(n) => goTo({ days: n === WEEK ? "" : n }, { replace: true })} />
    <${Drawn} lanes=${lanes} marks=${marksOf(server, changes, from, to)} boundary=${boundary} from=${from}
      span=${span} />
    <${LogWords} boundary=${boundary} from=${from} />
    ${error && html`<${Quiet}>The history could not be had: ${error.message}<//>`}
    <${Table} lanes=${lanes} />
    ${changes.length > 0 && html`<${Changes} changes=${changes} />`}`;
}
