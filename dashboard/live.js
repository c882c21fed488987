/*
 * Keeping up with the collector. A pulse goes through the page every few seconds and whenever the
 * stream of events tells of a change; what is shown asks again then, and a 304 costs next to
 * nothing. So the page is live only as far as answers prove it, with the stream or without one.
 * Nobody asks while the page is hidden; browsers open few connections to one server, and a stream
 * keeps one for itself, so a hidden page has none.
 */

import * as api from "./api.js";
import { useEffect, useState } from "./html.js";
import { makeStore } from "./store.js";
import { learnTime } from "./words.js";

const PULSE_MS = 3000;
const GATHER_MS = 400;       // events that come together are one pulse
const REOPEN_MS = 5000;      // a stream that was refused is tried again after so long, then slower
const REOPEN_MAX_MS = 300000;
const LATE_MS = 12000;       // without an answer for so long, the page is not live
const HEALTH_EVERY = 5;      // pulses
const EVENTS = ["server", "seen", "site", "alert", "removed", "reset"];

/* `changes` counts the reader's own ones; `error` is why there is no answer, `failure` the page's own fault. */
export const live = makeStore({
  pulse: 0, changes: 0, answeredAt: null, error: "", failure: "", health: null, stream: "none",
});

let timer = 0;
let reopenMs = REOPEN_MS;
let stream = null;
const ears = new Set();

/** Hears of every event of the stream: `ear(type, data)`. */
export function hear(ear) {
  ears.add(ear);
  return () => ears.delete(ear);
}

export function isLive(state) {
  return state.answeredAt !== null && performance.now() - state.answeredAt < LATE_MS;
}

function beat() {
  clearTimeout(timer);
  timer = setTimeout(beat, PULSE_MS);
  if (document.hidden) return;
  const { pulse } = live.get();
  if (pulse % HEALTH_EVERY === 0) askHealth();
  live.set({ pulse: pulse + 1 });
}

function beatSoon() {
  clearTimeout(timer);
  timer = setTimeout(beat, GATHER_MS);
}

/** After a change of one's own: what is shown asks again. */
export function beatNow() {
  live.set({ changes: live.get().changes + 1 });
  beat();
}

async function askHealth() {
  try {
    live.set({ health: await api.health() });
  } catch {
    live.set({ health: null }); // what else is asked tells why
  }
}

/** An answer, or an error, of the collector; every asking ends here. */
export function answered(answer) {
  learnTime(answer.date);
  live.set({ answeredAt: performance.now(), error: "" });
}

/* What is typed into a dialog is not thrown away by going to the login. */
function sessionEnded() {
  if (!document.querySelector("dialog.ask[open]")) api.goToLogin(true);
  else live.set({ error: "your session has ended; close the dialog to log in again" });
}

export function failed(error) {
  if (!(error instanceof api.ApiError)) {
    console.error(error);
    live.set({ failure: `This page failed: ${error.message}` });
  } else if (error.status === 401) {
    sessionEnded();
  } else if (error.status === 0 || error.status >= 500) {
    live.set({ error: error.message });
  } else {
    live.set({ answeredAt: performance.now(), error: "" }); // it answers, though it says no
  }
}

const NOTHING = { body: null, next: "", error: null };
const isRefusal = (error) => error.status >= 400 && error.status < 500;

/**
 * Follows the answer at `path`: {body, next, error}; asked again with every pulse, or whenever
 * `when` is another value. It stays when a later asking fails, but not when the collector says no.
 * The body is null before the first one, and for no path.
 */
export function useAnswer(path, when) {
  const pulse = live.use((state) => state.pulse);
  const [last, setLast] = useState({ path: null });
  const shown = path && last.path === path ? last : NOTHING;
  useEffect(() => {
    let gone = false;
    if (!path) return undefined;
    api.get(path).then((answer) => {
      answered(answer);
      if (gone || (answer.body === shown.body && !shown.error)) return;
      setLast({ path, body: answer.body, next: answer.next, error: null });
    }, (error) => {
      failed(error);
      if (!gone) setLast({ ...(isRefusal(error) ? NOTHING : shown), path, error });
    });
    return () => {
      gone = true;
    };
  }, [path, when === undefined || shown.error ? pulse : when]);
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
    beatSoon();
  };
  stream.onerror = () => {
    live.set({ stream: "none" });
    beatSoon();
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    closeStream();
    setTimeout(openStream, reopenMs);
    reopenMs = Math.min(2 * reopenMs, REOPEN_MAX_MS);
  };
  for (const type of EVENTS) {
    stream.addEventListener(type, (event) => {
      const data = parse(event.data);
      for (const ear of ears) ear(type, data);
      if (type !== "seen") beatSoon();
    });
  }
}

function onVisibility() {
  if (document.hidden) {
    closeStream();
  } else {
    beat();
    openStream();
  }
}

export function begin() {
  addEventListener("online", beat);
  document.addEventListener("visibilitychange", onVisibility);
  beat();
  openStream();
}
