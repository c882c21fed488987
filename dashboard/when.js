/* Times: a moment in the zone that the reader chose, with the other one at hand; and ages that go on. */

import { html, useEffect, useState } from "./html.js";
import { settings } from "./settings.js";
import { secondsSince } from "./time.js";
import { duration, localTime, utc } from "./words.js";

const hands = new Set();
setInterval(() => hands.forEach((tell) => tell()), 1000);

/** What `compute` gives, every second; drawn only when that is another text. */
function useTicking(compute) {
  const [, redraw] = useState(0);
  const text = compute();
  useEffect(() => {
    const tell = () => {
      if (compute() !== text) redraw((n) => n + 1);
    };
    hands.add(tell);
    return () => hands.delete(tell);
  });
  return text;
}

function both(at) {
  return `${localTime(at)} (${utc(at)})`;
}

/** "24 Nov 2026, 10:15" */
export function Moment({ at }) {
  const zone = settings.use((state) => state.zone);
  if (!at || localTime(at) === "") return "not known";
  return html`<time datetime=${at} title=${both(at)}>${zone === "utc" ? utc(at) : localTime(at)}</time>`;
}

/** "3 h", or "3 h ago"; `lateAfter` seconds it is pointed out. */
export function Age({ at, ago = false, lateAfter = 0 }) {
  const text = useTicking(() => {
    const age = secondsSince(at);
    return age === null ? "" : `${duration(age)}${ago ? " ago" : ""}`;
  });
  if (text === "") return "";
  const late = lateAfter > 0 && secondsSince(at) > lateAfter;
  return html`<time class=${late ? "late" : ""} datetime=${at} title=${both(at)}>${text}</time>`;
}

/** Draws its children anew every second: for what depends on the clock in another way. */
export function useClock(compute) {
  return useTicking(compute);
}
