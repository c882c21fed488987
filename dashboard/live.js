/*
 * Keeping up with the collector. A pulse goes through the page every few seconds and whenever the
 * stream of events tells of a change; what is shown asks again then, and a 304 costs next to
 * nothing. So the page is live only as far as answers prove it, with the stream or without one.
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

export const live = makeStore({ pulse: 0, answeredAt: null, error: "", health: null, stream: "none" });

let timer = 0;
let reopenMs = REOPEN_MS;
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
  beat();
}

async function askHealth() {
  try {
    live.set({ health: await api.health() });
  } catch (error) {
    live.set({ health: { ready: false, text: error.message } });
  }
}

/** An answer, or an error, of the collector; every asking ends here. */
export function answered(answer) {
  learnTime(answer.body?.as_of && answer.fresh ? answer.body.as_of : answer.date);
  live.set({ answeredAt: performance.now(), error: "" });
}

export function failed(error) {
  if (!(error instanceof api.ApiError)) {
    console.error(error);
    live.set({ error: `this page failed: ${error.message}` });
  } else if (error.status === 401) {
    api.goToLogin();
  } else if (error.status === 0 || error.status >= 500) {
    live.set({ error: error.message });
  } else {
    live.set({ answeredAt: performance.now(), error: "" }); // it answers, though it says no
  }
}

/**
 * Follows the answer at `path`: {body, next, error}. It stays when a later asking fails; it is null
 * before the first one, and for no path.
 */
export function useAnswer(path) {
  const pulse = live.use((state) => state.pulse);
  const [shown, show] = useState({ path: null });
  useEffect(() => {
    let gone = false;
    if (!path) return undefined;
    api.get(path).then((answer) => {
      answered(answer);
      if (!gone && (answer.fresh || shown.path !== path || shown.error)) {
        show({ path, body: answer.body, next: answer.next, error: null });
      }
    }, (error) => {
      failed(error);
      if (!gone) show((before) => ({ ...(before.path === path ? before : { body: null }), path, error }));
    });
    return () => {
      gone = true;
    };
  }, [path, pulse]);
  return shown.path === path && path ? shown : { body: null, next: "", error: null };
}

function openStream() {
  const events = api.openEvents();
  events.onopen = () => {
    reopenMs = REOPEN_MS;
    live.set({ stream: "open" });
    beatSoon();
  };
  events.onerror = () => {
    live.set({ stream: "none" });
    beatSoon();
    if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(openStream, reopenMs);
    reopenMs = Math.min(2 * reopenMs, REOPEN_MAX_MS);
  };
  for (const type of ["server", "seen", "site", "alert", "removed", "reset"]) {
    events.addEventListener(type, (event) => {
      const data = parse(event.data);
      for (const ear of ears) ear(type, data);
      if (type !== "seen") beatSoon();
    });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function begin() {
  addEventListener("online", beat);
  document.addEventListener("visibilitychange", () => document.hidden || beat());
  beat();
  openStream();
}
