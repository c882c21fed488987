/* A verdict as glyph, word and colour; of a silent server only as memory. */

import { html } from "./html.js";
import { mark, verdictWord } from "./words.js";

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
