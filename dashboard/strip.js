/* The status strip: a count per verdict, each of them a filter. */

import { byId, el, setText } from "./dom.js";
import { FILTERS, place } from "./place.js";
import { glyph, SILENT, VERDICTS } from "./words.js";

const tiles = new Map();

export function buildStrip(onToggle) {
  const strip = byId("strip");
  for (const verdict of FILTERS) {
    const { word, meaning } = VERDICTS[verdict] ?? SILENT;
    const number = el("span", { class: "number" }, "–");
    const tile = el("button", { type: "button", class: `tile v-${verdict}`, "data-verdict": verdict,
      "aria-pressed": "false", title: meaning, onclick: () => onToggle(verdict) },
    number, el("span", { class: "word" }, glyph(verdict), el("span", {}, word)));
    tiles.set(verdict, { tile, number });
    strip.append(tile);
  }
}

/** `counts` is the collector's, of the whole fleet; null before the first answer. */
export function showStrip(counts) {
  for (const [verdict, { tile, number }] of tiles) {
    const n = counts?.[verdict];
    setText(number, n === undefined ? "–" : n.toLocaleString());
    tile.classList.toggle("none", !n);
    tile.setAttribute("aria-pressed", String(place.verdicts.has(verdict)));
  }
}
