/*
 * The servers of the list: the page that the address asks for, as it was answered last, and what
 * the stream of events told since. While the reader is at a row, rows keep their places: what has
 * changed is shown in them, what has moved waits until it is asked for.
 */

import { ApiError, get, paths } from "./api.js";
import { live, noteAnswer, noteFailure, subscribeToEvents } from "./live.js";
import { place, serverQuery } from "./place.js";
import { makeStore } from "./store.js";
import { verdictWord } from "./words.js";

const PAGE_SIZE = 200;
const PATCH_MS = 200; // events of so long are one change of the page

export const fleet = makeStore({
  path: "", asked: "", servers: [], counts: null, matched: 0, next: "", loaded: false, error: "", waiting: 0, news: "", changed: new Set(),
});

let held = false;    // is the reader at a row?
let waiting = null;  // the answer whose order is not shown yet
let taken = null;    // the body of the last answer
let changes = 0;     // the reader's own, when it was taken: what they lead to is seen at once
const texts = new WeakMap(); // server object: its text, for comparing

function textOf(server) {
  if (!texts.has(server)) texts.set(server, JSON.stringify({ ...server, age_s: 0 }));
  return texts.get(server);
}

/* The objects that are shown already, where nothing about them is new: their rows stay as they are. */
function reuse(fresh) {
  const old = new Map(fleet.get().servers.map((server) => [server.server, server]));
  return fresh.map((server) => {
    const before = old.get(server.server);
    return before && textOf(before) === textOf(server) ? before : server;
  });
}

const says = (server) => (server.silent ? "silent" : server.verdict);

function changesOf(servers) {
  const old = new Map(fleet.get().servers.map((server) => [server.server, server]));
  return servers.filter((server) => {
    const before = old.get(server.server);
    return !before || says(before) !== says(server);
  });
}

function newsOf(changed) {
  const words = changed.slice(0, 3).map((server) =>
    `${server.server} is now ${server.silent ? "silent" : verdictWord(server.verdict).toLowerCase()}`);
  if (changed.length > 3) words.push(`and ${changed.length - 3} more changed`);
  return words.join(", ");
}

/* `known`: is this another answer about what is shown already? */
function show(servers, changes, known) {
  const changed = known ? changesOf(servers) : [];
  fleet.set({ servers, loaded: true, waiting: 0, ...changes,
    ...(changed.length > 0 ? { news: newsOf(changed), changed: new Set(changed.map((s) => s.server)) } : {}) });
  waiting = null;
}

/* The length of the longest rising subsequence: of rows, those that can stay where they are. */
function rising(numbers) {
  const tails = [];
  for (const n of numbers) {
    const at = tails.findIndex((tail) => tail >= n);
    tails[at < 0 ? tails.length : at] = n;
  }
  return tails.length;
}

/* How many servers have moved, have come or have gone. */
function moves(before, after) {
  const places = new Map(before.map((server, i) => [server.server, i]));
  const kept = after.map((server) => places.get(server.server)).filter((i) => i !== undefined);
  return before.length + after.length - kept.length - rising(kept);
}

function take(path, { body, next }) {
  const state = fleet.get();
  const known = state.path === path && state.loaded;
  if (known && body === taken && !state.error) return;
  taken = body;
  const rest = { path, counts: body.counts, matched: body.matched, next, error: "" };
  const servers = reuse(body.servers);
  const isOwn = changes !== live.get().changes;
  changes = live.get().changes;
  const count = known && held && !isOwn ? moves(state.servers, servers) : 0;
  if (count === 0) {
    show(servers, rest, known);
    return;
  }
  const byName = new Map(servers.map((server) => [server.server, server]));
  show(state.servers.map((server) => byName.get(server.server) ?? server), { ...rest, waiting: count }, known);
  waiting = servers;
}

/** The reader wants to see what has moved. */
export function showWaiting() {
  if (waiting) show(waiting, {}, true);
}

/** Is the reader at a row now? */
export function hold(isAtRow) {
  held = isAtRow;
  if (!held) showWaiting();
}

/* Other pages have the list as it was left, for the strip and for going back. */
function pathNow() {
  const state = place.get();
  const { asked } = fleet.get();
  if (state.page !== "servers" && asked) return asked;
  const query = serverQuery(state);
  query.set("limit", PAGE_SIZE);
  if (state.cursor && state.page === "servers") query.set("cursor", state.cursor);
  return paths.servers(query);
}

let turns = 0;

async function refresh() {
  const path = pathNow();
  const turn = ++turns;
  fleet.set({ asked: path });
  try {
    const answer = await get(path);
    if (!Array.isArray(answer.body?.servers)) throw new ApiError("its answer holds no servers", 500);
    noteAnswer(answer);
    if (turn === turns) take(path, answer);
  } catch (error) {
    noteFailure(error);
    if (turn === turns && error.status >= 400 && error.status < 500) fleet.set({ path, error: error.message });
  }
}

/* ---- what the stream tells ---- */

let patches = new Map(); // server name: what is new about it
let patchTimer = 0;

function patch() {
  patchTimer = 0;
  const news = patches;
  patches = new Map();
  const { servers } = fleet.get();
  if (!servers.some((server) => news.has(server.server))) return;
  const { waiting: count } = fleet.get();
  const order = waiting;
  show(servers.map((server) => (news.has(server.server) ? { ...server, ...news.get(server.server) } : server)),
    { waiting: count }, true);
  waiting = order;
}

function onEvent(type, data) {
  if ((type !== "server" && type !== "seen") || !data?.server) return;
  patches.set(data.server, { ...patches.get(data.server), ...data });
  if (!patchTimer) patchTimer = setTimeout(patch, PATCH_MS);
}

export function startFleet() {
  let tick = 0;
  live.subscribe((state) => {
    if (state.tick === tick) return;
    tick = state.tick;
    refresh();
  });
  place.subscribe(() => {
    if (pathNow() !== fleet.get().asked) refresh();
  });
  subscribeToEvents(onEvent);
}
