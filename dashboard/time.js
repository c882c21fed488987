/*
 * The collector's clock, as far as the page knows it: ages are told by it, so a reader's clock that
 * is wrong makes no server look younger than it is.
 */

let offset = null; // collector minus performance.now(), in ms

export function learnTime(text) {
  const ms = typeof text === "number" ? text : Date.parse(text ?? "");
  if (!Number.isNaN(ms)) offset = ms - performance.now();
}

export function collectorNow() {
  return offset === null ? Date.now() : offset + performance.now();
}

/** Seconds since then, by the collector's clock; null for what is no time. */
export function secondsSince(text) {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? null : Math.max(0, (collectorNow() - ms) / 1000);
}
