/*
 * What pages are made of: verdicts as glyph, word and colour; times, in the zone that the reader
 * chose with the other one at hand, and ages that go on; titled sections, tables, honest notes.
 */

import { html, useEffect, useMemo, useState } from "./html.js";
import { goTo, goToPage, pageUrl, placeUrl } from "./place.js";
import { settings } from "./reader.js";
import { duration, localTime, mark, secondsSince, utc, verdictWord } from "./words.js";

/* ---- badge ---- */

export function Glyph({ of }) {
  return html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
    ${mark(of).map((d) => html`<path d=${d} />`)}</svg>`;
}

export function VerdictBadge({ verdict }) {
  return html`<span class="badge v-${verdict}"><${Glyph} of=${verdict} />${verdictWord(verdict)}</span>`;
}

export function Badge({ server }) {
  if (!server.silent) return html`<${VerdictBadge} verdict=${server.verdict} />`;
  return html`<span class="silent-badge"><span class="badge v-silent"><${Glyph} of="silent" />Silent</span>
    <span class="was">was ${verdictWord(server.verdict).toLowerCase()}</span></span>`;
}

/* ---- when ---- */

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
  const late = lateAfter > 0 && secondsSince(at) > lateAfter;
  const title = useMemo(() => both(at), [at]);
  return html`<time class=${late ? "late" : ""} datetime=${at} title=${title}>${text}</time>`;
}

/** Draws its children anew every second: for what depends on the clock in another way. */
export function useClock(compute) {
  return useTicking(compute);
}

/* ---- section ---- */

/** A link within the page; the browser's own ways to follow one (a new tab ...) still work. */
export function Link({ page = "servers", to, here, children, ...rest }) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (here) goTo(here);
    else goToPage(page, to);
  };
  return html`<a href=${here ? placeUrl(here) : pageUrl(page, to)} onClick=${follow} ...${rest}>${children}</a>`;
}

export function Section({ title, id, children, wide }) {
  return html`<section class=${wide ? "card wide-card" : "card"} aria-labelledby=${id && `${id}-title`}>
    <h3 id=${id && `${id}-title`} tabindex=${id ? -1 : null}>${title}</h3>${children}</section>`;
}

export function Pair({ term, children }) {
  return html`<dt>${term}</dt><dd>${children}</dd>`;
}

export function Quiet({ children }) {
  return html`<p class="quiet">${children}</p>`;
}

/** A table that scrolls sideways where it has no room. */
export function Facts({ heads, children, kind = "", label }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${label}><table class="facts ${kind}">
    <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
    <tbody>${children}</tbody></table></div>`;
}

/** Why there is no answer yet; `missing` is said where the collector has no such thing. */
export function Missing({ error, missing }) {
  if (!error) return html`<p class="empty">Asking the collector</p>`;
  if (error.status === 404 && error.code === "not_found") return html`<p class="empty">${missing}</p>`;
  if (error.status === 403) return html`<p class="empty">Your token's role may not see this: ${error.message}</p>`;
  return html`<p class="empty">The collector does not answer this: ${error.message}</p>`;
}

export function Chip({ tone, children, title }) {
  return html`<span class="chip ${tone}" title=${title}>${children}</span>`;
}
