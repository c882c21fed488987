/* Every site with its counts; each leads to its servers and to its matrix. */

import { paths } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Glyph, Link, Missing } from "./parts.js";
import { siteOf } from "./place.js";
import { SILENT, VERDICTS } from "./words.js";

const COLUMNS = [...Object.entries(VERDICTS), ["silent", SILENT]];
const HARM = ["failing", "exposed", "at_risk", "unknown", "silent", "not_monitored"];
const SHOWN = 200; // at first

/* Worst first, as the servers are. */
function worse(a, b) {
  const name = HARM.find((harm) => a.counts[harm] !== b.counts[harm]);
  return name ? b.counts[name] - a.counts[name] : a.site.localeCompare(b.site);
}

function Count({ name, word, count, site }) {
  if (!count) return html`<td class="number-cell none">·</td>`;
  const filter = { ...siteOf(site), ...(name === "silent" ? { silent: "true" } : { verdict: [name] }) };
  return html`<td class="number-cell v-${name}"><${Link} class="count" aria-label="${count} ${word.toLowerCase()} in ${site.site || "no site"}"
    to=${filter}><${Glyph} of=${name} />${count.toLocaleString()}<//></td>`;
}

function SiteRow({ site }) {
  return html`<tr data-row=${`${site.organization}/${site.site}`}><th scope="row">
      <${Link} class="row-action" page="matrix" to=${siteOf(site)}><bdi>${site.site || "no site"}</bdi><//></th>
    <td><bdi>${site.organization || "–"}</bdi></td>
    ${COLUMNS.map(([name, { word }]) => html`<${Count} key=${name} name=${name} word=${word} count=${site.counts[name]} site=${site} />`)}</tr>`;
}

function Table({ sites }) {
  const [all, setAll] = useState(false);
  const shown = [...sites].sort(worse).slice(0, all ? sites.length : SHOWN);
  return html`<div class="wide" tabindex="0" role="region" aria-label="Sites"><table class="grid" id="sites">
    <thead><tr><th scope="col">Site</th><th scope="col">Organization</th>
      ${COLUMNS.map(([name, { word }]) => html`<th scope="col" class="number-cell" key=${name}>${word}</th>`)}</tr></thead>
    <tbody>${shown.map((site) => html`<${SiteRow} key=${`${site.organization}/${site.site}`} site=${site} />`)}</tbody></table></div>
    ${shown.length < sites.length && html`<p class="pager"><button type="button" class="link" onClick=${() => setAll(true)}>All ${sites.length} sites</button></p>`}`;
}

export function Sites() {
  const { body, error } = useAnswer(paths.sites());
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline">Sites, worst first</h2></div>
    ${!body ? html`<${Missing} error=${error} />` : body.length === 0 ? html`<p class="empty">No site is known yet: the first report makes one.</p>`
    : html`<${Table} sites=${body} />`}</main>`;
}
