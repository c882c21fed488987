/* A server's changes as stretches of one state and as marks. Pure: no page, no network. */

import { ADAPTER_STATES, serviceWord, verdictWord } from "./words.js";

const time = (text) => Date.parse(text ?? "");

/* What a change of the verdict or of the silence leads to: {verdict, silent} of what it tells. */
function stateOf(change) {
  const { verdict, silent } = change.detail ?? {};
  return { ...(verdict === undefined ? {} : { verdict }), ...(silent === undefined ? {} : { silent }) };
}

/**
 * The bands from `from` to `to` (ms), the oldest first: {from, to, verdict, silent}. `changes` are
 * those of the API, the latest first. What was before the first one is not known: no band.
 */
export function bandsOf(server, changes, from, to) {
  const states = changes.filter((c) => c.kind === "verdict" || c.kind === "silent").reverse();
  const bands = [];
  let state = {};
  const begin = (at, next) => {
    const last = bands[bands.length - 1];
    if (last && last.verdict === next.verdict && last.silent === next.silent) return;
    if (last) last.to = at;
    bands.push({ from: at, to, ...next });
  };
  for (const change of states) {
    state = { silent: false, ...state, ...stateOf(change) };
    if (state.verdict) begin(time(change.at), state);
  }
  if (bands.length === 0) bands.push({ from: time(server.since), to, verdict: server.verdict, silent: server.silent });
  return bands.filter((b) => b.to > from && b.from < to).map((b) => ({ ...b, from: Math.max(b.from, from) }));
}

function detailText(detail) {
  return Object.entries(detail ?? {}).filter(([, value]) => value !== null && typeof value !== "object")
    .map(([key, value]) => `${key.replaceAll("_", " ")} ${value}`).join(", ");
}

const TEXTS = {
  verdict: (d) => (d.verdict ? verdictWord(d.verdict) : null),
  silent: (d) => (d.silent === false ? "Reports again" : "Silent"),
  mta: (d) => (d.service ? `MTA ${serviceWord(d.service)}` : null),
  adapter: (d) => (d.adapter && d.state ? `Adapter ${d.adapter}: ${ADAPTER_STATES[d.state]?.[0] ?? d.state}` : null),
  file: (d) => (d.name ? `${d.name}: ${d.version ?? d.state ?? "changed"}` : null),
};

/** A change in words. */
export function changeText(change) {
  return TEXTS[change.kind]?.(change.detail ?? {}) ?? (`${change.kind} ${detailText(change.detail)}`).trim();
}

function startMark(start) {
  const bad = start.outcome === "failed";
  const ids = (start.events ?? []).map((event) => event.id).join(", ");
  return { at: time(start.at), tone: bad ? "bad" : "ok",
    text: `MTA start ${bad ? "failed" : "went well"}${ids ? ` (event ${ids})` : ""}` };
}

/** {at, tone, text} of what happened at a moment, the oldest first. */
export function marksOf(server, changes, from, to) {
  const { last_start: start, last_failure: failure } = server.report?.mta ?? {};
  const starts = [start, failure && failure.at !== start?.at ? failure : null].filter((s) => s?.at).map(startMark);
  const others = changes.filter((c) => c.kind !== "verdict" && c.kind !== "silent")
    .map((c) => ({ at: time(c.at), tone: "none", text: changeText(c) }));
  return [...starts, ...others].filter((m) => m.at >= from && m.at <= to).sort((a, b) => a.at - b.at);
}
