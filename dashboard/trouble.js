/* Says, above everything else, that what is shown is old. */

import { html } from "./html.js";
import { isLive, live } from "./live.js";
import { useClock } from "./when.js";
import { duration } from "./words.js";

function text() {
  const state = live.get();
  if (isLive(state)) return "";
  if (state.answeredAt === null) {
    return state.error ? `The collector gives no data: ${state.error}. Trying again every few seconds.` : "";
  }
  const silent = (performance.now() - state.answeredAt) / 1000;
  return `Not live: the collector has not answered for ${duration(silent)}${state.error ? ` (${state.error})` : ""}. ` +
    "What you see is old. Trying again every few seconds.";
}

export function Trouble() {
  const shown = useClock(text);
  return html`<p class="trouble" id="trouble" role="alert" hidden=${shown === ""}>${shown}</p>`;
}
