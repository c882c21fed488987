/*
 * Keeping up with the collector. The page polls every few seconds and whenever the stream of
 * events tells of a change; what is shown is asked for again then, and a 304 costs next to nothing.
 * So the page is live only as far as answers prove it, with the stream or without one.
 * Nobody asks while the page is hidden; browsers open few connections to one server, and a stream
 * keeps one for itself, so a hidden page has none.
 */

import * as api from "./api.js";
import { useEffect, useState } from "./html.js";
import { makeStore } from "./store.js";
import { syncClock } from "./words.js";

const POLL_MS = 3000;
const BATCH_MS = 400;        // events that come together are one poll
const REOPEN_MS = 5000;       // a stream that was refused is tried again after so long, then slower
const REOPEN_MAX_MS = 300000;
const STALE_MS = 12000;        // without an answer for so long, the page is not live
const HEALTH_TICKS = 5;      // polls from one question about health to the next
const EVENTS = ["server", "seen", "site", "alert", "removed", "reset"];

/* `tick` counts polls, `changes` what the reader changed; `error` says why there is no answer, `failure` what failed
   in the page itself. */
export const live = makeStore({
  tick: 0, changes: 0, answeredAt: null, error: "", failure: "", health: null, stream: "none",
});

let timer = 0;
let reopenMs = REOPEN_MS;
let stream = null;
const eventListeners = new Set();

/** Calls `listener(type, data)` with every event of the stream; returns what ends that. */
export function subscribeToEvents(listener) {
  eventListeners.add(listener);
  return () => eventListeners.delete(listener);
}

export function isLive(state) {
  return state.answeredAt !== null && performance.now() - state.answeredAt < STALE_MS;
}

function poll() {
  clearTimeout(timer);
  timer = setTimeout(poll, POLL_MS);
  if (document.hidden) return;
  const { tick } = live.get();
  if (tick % HEALTH_TICKS === 0) loadHealth();
  live.set({ tick: tick + 1 });
}

function pollSoon() {
  clearTimeout(timer);
  timer = setTimeout(poll, BATCH_MS);
}

/** After a change by the reader: what is shown is asked for again at once. */
export function pollNow() {
  live.set({ changes: live.get().changes + 1 });
  poll();
}

async function loadHealth() {
  try {
    live.set({ health: await api.health() });
  } catch {
    live.set({ health: null }); // other requests tell why
  }
}

/** The collector answered, or failed to; every request ends in one of these two. */
export function noteAnswer(answer) {
  syncClock(answer.date);
  live.set({ answeredAt: performance.now(), error: "" });
}

/* Going to the login would throw away what is typed into a dialog. */
function onSessionEnded() {
  if (!document.querySelector("dialog.ask[open]")) api.goToLogin(true);
  else live.set({ error: "your session has ended; close the dialog to log in again" });
}

export function noteFailure(error) {
  if (!(error instanceof api.ApiError)) {
    console.error(error);
    live.set({ failure: `This page failed: ${error.message}` });
  } else if (error.status === 401) {
    onSessionEnded();
  } else if (error.status === 0 || error.status >= 500) {
    live.set({ error: error.message });
  } else {
    live.set({ answeredAt: performance.now(), error: "" }); // it answers, though it says no
  }
}

const NO_ANSWER = { body: null, next: "", error: null };
const isRefusal = (error) => error.status >= 400 && error.status < 500;

/**
 * Follows the answer at `path`: {body, next, error}; asked for again with every tick, or whenever
 * `when` is another value. The answer stays when a later request fails, but not when the collector refuses it.
 * The body is null before the first answer, and for no path.
 */
export function useAnswer(path, when) {
  const tick = live.use((state) => state.tick);
  const [last, setLast] = useState({ path: null });
  const shown = path && last.path === path ? last : NO_ANSWER;
  useEffect(() => {
    let cancelled = false;
    if (!path) return undefined;
    api.get(path).then((answer) => {
      noteAnswer(answer);
      if (cancelled || (answer.body === shown.body && !shown.error)) return;
      setLast({ path, body: answer.body, next: answer.next, error: null });
    }, (error) => {
      noteFailure(error);
      if (!cancelled) setLast({ ...(isRefusal(error) ? NO_ANSWER : shown), path, error });
    });
    return () => {
      cancelled = true;
    };
  }, [path, when === undefined || shown.error ? tick : when]);
  return shown;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function closeStream() {
  stream?.close();
  stream = null;
  live.set({ stream: "none" });
}

function openStream() {
  if (stream || document.hidden) return;
  stream = api.openEvents();
  stream.onopen = () => {
    reopenMs = REOPEN_MS;
    live.set({ stream: "open" });
    pollSoon();
  };
  stream.onerror = () => {
    live.set({ stream: "none" });
    pollSoon();
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    closeStream();
    setTimeout(openStream, reopenMs);
    reopenMs = Math.min(2 * reopenMs, REOPEN_MAX_MS);
  };
  for (const type of EVENTS) {
    stream.addEventListener(type, (event) => {
      const data = parse(event.data);
      for (const listener of eventListeners) listener(type, data);
      if (type !== "seen") pollSoon();
    });
  }
}

function onVisibility() {
  if (document.hidden) {
    closeStream();
  } else {
    poll();
    openStream();
  }
}

export function startPolling() {
  addEventListener("online", poll);
  document.addEventListener("visibilitychange", onVisibility);
  poll();
  openStream();
}
