/* Every site with its counts; each leads to its matrix and to its servers. */

import { paths } from "./api.js";
import { Glyph } from "./badge.js";
import { html } from "./html.js";
import { useAnswer } from "./live.js";
import { goToPage, pageUrl, filterBy } from "./place.js";
import { Missing } from "./section.js";
import { SILENT, VERDICTS } from "./words.js";

const COLUMNS = [...Object.entries(VERDICTS), ["silent", SILENT]];
const HARM = ["failing", "exposed", "at_risk", "unknown", "silent", "not_monitored"];

/* Worst first, as the servers are. */
function worse(a, b) {
  for (const name of HARM) {
    const difference = (b.counts[name] ?? 0) - (a.counts[name] ?? 0);
    if (difference) return difference;
  }
  return a.site.localeCompare(b.site);
}

function go(event, action) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  action();
}

function Count({ name, word, count, site }) {
  if (!count) return html`<td class="number-cell none">·</td>`;
  const filter = { organization: site.organization, site: site.site, ...(name === "silent" ? { silent: "true" } : { verdict: [name] }) };
  return html`<td class="number-cell v-${name}"><a class="count" aria-label="${count} ${word.toLowerCase()} in ${site.site || "no site"}"
    href=${pageUrl("servers", filter)} onClick=${(event) => go(event, () => filterBy({ verdict: [], silent: "", q: "", ...filter }))}>
    <${Glyph} of=${name} />${count.toLocaleString()}</a></td>`;
}

function SiteRow({ site }) {
  const place = { organization: site.organization, site: site.site };
  return html`<tr data-row=${`${site.organization}/${site.site}`}><th scope="row">
      <a class="row-action" href=${pageUrl("matrix", place)} onClick=${(event) => go(event, () => goToPage("matrix", place))}>
      <bdi>${site.site || "no site"}</bdi></a></th>
    <td><bdi>${site.organization || "–"}</bdi></td>
    ${COLUMNS.map(([name, { word }]) => html`<${Count} key=${name} name=${name} word=${word} count=${site.counts[name]} site=${site} />`)}</tr>`;
}

export function Sites() {
  const { body, error } = useAnswer(paths.sites());
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline">Sites, worst first</h2></div>
    ${!Array.isArray(body) ? html`<${Missing} error=${error} missing="This collector has no list of sites." />`
    : body.length === 0 ? html`<p class="empty">No site is known yet: the first report makes one.</p>` : html`
    <div class="wide" tabindex="0" role="region" aria-label="Sites"><table class="grid" id="sites">
      <thead><tr><th scope="col">Site</th><th scope="col">Organization</th>
        ${COLUMNS.map(([name, { word }]) => html`<th scope="col" class="number-cell" key=${name}>${word}</th>`)}</tr></thead>
      <tbody>${[...body].sort(worse).map((site) => html`<${SiteRow} key=${`${site.organization}/${site.site}`} site=${site} />`)}</tbody>
    </table></div>`}</main>`;
}
