/*
 * The servers of the list: the page of them that the address asks for, as the collector answered
 * last, with the events of the stream since then. While the reader is at a row, rows keep their places: what has
 * changed is shown in them, what has moved waits until the reader asks for it.
 */

import { ApiError, get, paths } from "./api.js";
import { live, noteAnswer, noteFailure, subscribeToEvents } from "./live.js";
import { place, serverQuery } from "./place.js";
import { makeStore } from "./store.js";
import { verdictWord } from "./words.js";

const PAGE_SIZE = 200;
const BATCH_MS = 200; // the events of this time become one change of the page

export const fleet = makeStore({
  path: "", requested: "", loaded: false, error: "",
  servers: [], counts: null, matched: 0, next: "",
  pendingCount: 0, announcement: "", changed: new Set(),
});

let readerAtRow = false;
let pendingServers = null; // servers in an order that is not shown yet
let lastBody = null;       // body of the last answer
let lastChanges = 0;       // live.changes at the last answer: the result of the reader's own change is shown at once
const texts = new WeakMap(); // server object: its text, for comparing

function textOf(server) {
  if (!texts.has(server)) texts.set(server, JSON.stringify({ ...server, age_s: 0 }));
  return texts.get(server);
}

/* Replaces servers that have not changed by the objects shown now, so that their rows are not drawn anew. */
function reuse(fresh) {
  const old = new Map(fleet.get().servers.map((server) => [server.server, server]));
  return fresh.map((server) => {
    const before = old.get(server.server);
    return before && textOf(before) === textOf(server) ? before : server;
  });
}

const statusOf = (server) => (server.silent ? "silent" : server.verdict);

function changesOf(servers) {
  const old = new Map(fleet.get().servers.map((server) => [server.server, server]));
  return servers.filter((server) => {
    const before = old.get(server.server);
    return !before || statusOf(before) !== statusOf(server);
  });
}

function announcementOf(changed) {
  const words = changed.slice(0, 3).map((server) =>
    `${server.server} is now ${server.silent ? "silent" : verdictWord(server.verdict).toLowerCase()}`);
  if (changed.length > 3) words.push(`and ${changed.length - 3} more changed`);
  return words.join(", ");
}

/* `isSamePage`: the servers shown now are from an earlier answer about the same page. */
function showServers(servers, changes, isSamePage) {
  const changed = isSamePage ? changesOf(servers) : [];
  fleet.set({ servers, loaded: true, pendingCount: 0, ...changes,
    ...(changed.length > 0
      ? { announcement: announcementOf(changed), changed: new Set(changed.map((s) => s.server)) } : {}) });
  pendingServers = null;
}

/* The length of the longest rising subsequence: how many rows can stay where they are. */
function longestRising(numbers) {
  const tails = [];
  for (const n of numbers) {
    const at = tails.findIndex((tail) => tail >= n);
    tails[at < 0 ? tails.length : at] = n;
  }
  return tails.length;
}

/* How many servers have moved, appeared or disappeared. */
function countMoves(before, after) {
  const places = new Map(before.map((server, i) => [server.server, i]));
  const kept = after.map((server) => places.get(server.server)).filter((i) => i !== undefined);
  return before.length + after.length - kept.length - longestRising(kept);
}

function applyAnswer(path, { body, next }) {
  const state = fleet.get();
  const isSamePage = state.path === path && state.loaded;
  if (isSamePage && body === lastBody && !state.error) return;
  lastBody = body;
  const rest = { path, counts: body.counts, matched: body.matched, next, error: "" };
  const servers = reuse(body.servers);
  const isOwn = lastChanges !== live.get().changes;
  lastChanges = live.get().changes;
  const count = isSamePage && readerAtRow && !isOwn ? countMoves(state.servers, servers) : 0;
  if (count === 0) {
    showServers(servers, rest, isSamePage);
    return;
  }
  const byName = new Map(servers.map((server) => [server.server, server]));
  const inOldOrder = state.servers.map((server) => byName.get(server.server) ?? server);
  showServers(inOldOrder, { ...rest, pendingCount: count }, isSamePage);
  pendingServers = servers;
}

/** Shows the rows in their new order. */
export function showPending() {
  if (pendingServers) showServers(pendingServers, {}, true);
}

/** Tells whether the pointer or the focus is at a row; the rows keep their places as long as it is. */
export function setReaderAtRow(isAtRow) {
  readerAtRow = isAtRow;
  if (!readerAtRow) showPending();
}

/* The list's path. On other pages the list stays as it was left, for the strip and for going back. */
function currentPath() {
  const state = place.get();
  const { requested } = fleet.get();
  if (state.page !== "servers" && requested) return requested;
  const query = serverQuery(state);
  query.set("limit", PAGE_SIZE);
  if (state.cursor && state.page === "servers") query.set("cursor", state.cursor);
  return paths.servers(query);
}

let requests = 0; // number of the last request: answers to earlier ones are dropped

async function refresh() {
  if (place.get().at) return; // what is shown is not of now
  const path = currentPath();
  const request = ++requests;
  fleet.set({ requested: path });
  try {
    const answer = await get(path);
    if (!Array.isArray(answer.body?.servers)) throw new ApiError("its answer holds no servers", 500);
    noteAnswer(answer);
    if (request === requests) applyAnswer(path, answer);
  } catch (error) {
    noteFailure(error);
    if (request === requests && error.status >= 400 && error.status < 500) fleet.set({ path, error: error.message });
  }
}

/* ---- events ---- */

let patches = new Map(); // server name: its changed members
let patchTimer = 0;

function applyPatches() {
  patchTimer = 0;
  const due = patches;
  patches = new Map();
  const { servers, pendingCount } = fleet.get();
  if (!servers.some((server) => due.has(server.server))) return;
  const pending = pendingServers;
  const patched = servers.map((server) => (due.has(server.server) ? { ...server, ...due.get(server.server) } : server));
  showServers(patched, { pendingCount }, true);
  pendingServers = pending;
}

function onEvent(type, data) {
  if ((type !== "server" && type !== "seen") || !data?.server) return;
  patches.set(data.server, { ...patches.get(data.server), ...data });
  if (!patchTimer) patchTimer = setTimeout(applyPatches, BATCH_MS);
}

export function startFleet() {
  let tick = 0;
  live.subscribe((state) => {
    if (state.tick === tick) return;
    tick = state.tick;
    refresh();
  });
  place.subscribe(() => {
    if (currentPath() !== fleet.get().requested) refresh();
  });
  subscribeToEvents(onEvent);
}
