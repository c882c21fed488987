/* The status strip: a count per verdict and of the silent, each of them a filter. */

import { Glyph } from "./badge.js";
import { fleet } from "./fleet.js";
import { html } from "./html.js";
import { filterBy, place } from "./place.js";
import { SILENT, VERDICTS } from "./words.js";

function toggled(list, item) {
  return list.includes(item) ? list.filter((other) => other !== item) : [...list, item];
}

function Tile({ name, count, pressed, onToggle }) {
  const { word, meaning } = VERDICTS[name] ?? SILENT;
  const shown = count === undefined ? "–" : count.toLocaleString();
  return html`<button type="button" class=${`tile v-${name}${count ? "" : " none"}`} data-verdict=${name}
      aria-pressed=${String(pressed)} title=${meaning} onClick=${onToggle}>
    <span class="number">${shown}</span>
    <span class="word"><${Glyph} of=${name} /><span>${word}</span></span></button>`;
}

export function Strip() {
  const counts = fleet.use((state) => state.counts);
  const { verdict, silent, page, server } = place.use((state) => state);
  const on = page === "servers" && !server;
  return html`<nav class="strip" id="strip" aria-label="Servers by verdict">
    ${Object.keys(VERDICTS).map((name) => html`<${Tile} key=${name} name=${name} count=${counts?.[name]}
      pressed=${on && verdict.includes(name)} onToggle=${() => filterBy({ verdict: toggled(on ? verdict : [], name) })} />`)}
    <${Tile} name="silent" count=${counts?.silent} pressed=${on && silent === "true"}
      onToggle=${() => filterBy({ silent: on && silent === "true" ? "" : "true" })} />
  </nav>`;
}
