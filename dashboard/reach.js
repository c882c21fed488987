/*
 * How far each adapter of a server reached over time, as it was judged then, and since when the server's event log
 * tells anything. Functions of the API's answers; they need no page.
 */

import { ADAPTER_STATES } from "./words.js";

const timeOf = (text) => Date.parse(text);

const REACH = { good: "Reaches all", partial: "Reaches some", isolated: "Reaches none", borrowed: "Borrowed",
  unjudged: "Not known", inactive: "Not active" };

const GAPS = { unwatched: "Not watched yet", unkept: "Not kept any more", gone: "Not there" };

/** The class and the words of a band. */
export function reachKind({ state, silent }) {
  const kind = state in GAPS ? `gap r-${state}` : `r-${state} t-${ADAPTER_STATES[state]?.[1] ?? "none"}`;
  return silent ? `${kind} hatched` : kind;
}

export function reachWord({ state, silent }) {
  return `${REACH[state] ?? GAPS[state] ?? state}${silent ? ", then silent" : ""}`;
}

/* What is known from a change on: the states of all adapters by id, or null; and whether the server is silent. */
function after(change, known) {
  if (change.kind === "reach") {
    return { ...known, states: new Map(change.detail.adapters.map(({ id, state }) => [id, state])) };
  }
  if (change.kind === "silent") return { ...known, silent: change.detail.silent === true };
  return change.kind === "removed" ? { states: null, silent: false } : known;
}

/* {at, states, silent} of each moment at which what is known of adapters changes, the oldest first. */
function momentsOf(changes) {
  const moments = [];
  let known = { states: null, silent: false };
  for (const change of [...changes].reverse()) {
    const next = after(change, known);
    if (next !== known) moments.push({ at: timeOf(change.at), ...next });
    known = next;
  }
  return moments;
}

/* Of an adapter. */
function stateIn({ states, silent }, id) {
  if (states === null) return { state: "unkept" };
  return states.has(id) ? { state: states.get(id), silent } : { state: "gone" };
}

/* Bands that follow each other and tell the same are one; what is not seen goes. */
function tidy(bands, from, to) {
  const merged = [];
  for (const band of bands) {
    const last = merged[merged.length - 1];
    if (last?.state === band.state && !last.silent === !band.silent) last.to = band.to;
    else if (band.to > band.from) merged.push({ ...band });
  }
  return merged.filter((b) => b.to > from && b.from < to).map((b) => ({ ...b, from: Math.max(b.from, from) }));
}

/** The adapters that are told of, those of today first. */
export function adaptersOf(server, changes) {
  const told = changes.filter(({ kind }) => kind === "reach").flatMap(({ detail }) => detail.adapters);
  return [...new Set([...server.adapters, ...told].map(({ id }) => id))];
}

/** The bands of one adapter from `from` to `to` (ms), the oldest first: {from, to, state, silent}. */
export function reachBands(id, changes, from, to) {
  const first = changes.find(({ kind }) => kind === "reported");
  const begin = first ? Math.max(from, timeOf(first.at)) : from;
  const moments = [{ at: begin, states: null }, ...momentsOf(changes)];
  const bands = moments.map((moment, i) => (
    { from: moment.at, to: moments[i + 1]?.at ?? to, ...stateIn(moment, id) }));
  return tidy([{ from, to: begin, state: "unwatched" }, ...bands], from, to);
}

/** {at, text}: from when on the server's event log tells of MTA starts, or that this is not known. */
export function logBoundary(server) {
  const at = server.report?.mta?.log?.oldest_at;
  return at ? { at: timeOf(at), text: "The event log begins" } : { text: "Where its event log begins is not known." };
}
