/* What pages are made of: titled sections, pairs of a term and its value, tables, honest notes. */

import { html } from "./html.js";

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
