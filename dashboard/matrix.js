/*
 * Who reaches whom in a site: a row per adapter, a column per peer. A bad row is an isolated
 * adapter, a bad column a peer that is down. One cell is in the order of Tab; arrows go on from it.
 */

import { paths } from "./api.js";
import { html, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { MatrixCell, CellFacts } from "./matrix_cell.js";
import { goToPage, pageUrl, place } from "./place.js";
import { reachOf, TONES } from "./reach.js";
import { Chip, Missing } from "./section.js";
import { ADAPTER_STATES } from "./words.js";

const COLLAPSE_ROWS = 60; // of more, only those with trouble are shown at first

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function RowHead({ row, first, span }) {
  const { adapter } = row;
  const [word, tone] = ADAPTER_STATES[adapter.state] ?? [adapter.state, "none"];
  const url = pageUrl("servers", { server: adapter.server });
  return html`${first && html`<th scope="rowgroup" rowspan=${span} class=${adapter.silent ? "hatched" : ""}>
      <a href=${url} onClick=${(event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goToPage("servers", { server: adapter.server });
  }}><bdi>${adapter.server}</bdi></a>${adapter.silent && html`<span class="sub">silent</span>`}</th>`}
    <th scope="row" title=${adapter.addresses.join(", ")}><bdi>${adapter.adapter}</bdi>
      <span class="sub"><bdi>${adapter.addresses[0] ?? ""}</bdi></span></th>
    <td><${Chip} tone=${tone}>${word}<//></td>`;
}

/* Rows of one server stand together; its name is said once. */
function withSpans(rows) {
  return rows.map((row, i) => {
    const first = i === 0 || rows[i - 1].adapter.server !== row.adapter.server;
    let span = 1;
    while (first && rows[i + span]?.adapter.server === row.adapter.server) span++;
    return { row, first, span };
  });
}

function Totals({ columns }) {
  return html`<tfoot><tr><th scope="row" colspan="3">Reached by</th>${columns.map(({ reached, probed, bad }) => html`
    <td class=${bad ? "total bad-text" : "total"}>${probed ? `${reached}/${probed}` : "–"}</td>`)}<td></td></tr></tfoot>`;
}

function Legend() {
  return html`<p class="legend-line">${["ok", "part", "short", "dead", "none"].map((tone) => html`<span>
    <span class="cell t-${tone}" aria-hidden="true">${TONES[tone][0]}</span> ${TONES[tone][1]}</span>`)}</p>`;
}

function Table({ matrix, rows, columns }) {
  const [at, setAt] = useState([0, 0]);
  const [seen, setSeen] = useState(null);
  const table = useRef(null);
  const row = Math.min(at[0], rows.length - 1);
  const onKey = (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.altKey || !event.target.classList.contains("cell")) return;
    event.preventDefault();
    const next = [Math.max(0, Math.min(rows.length - 1, row + step[0])), Math.max(0, Math.min(columns.length - 1, at[1] + step[1]))];
    setAt(next);
    table.current.querySelector(`[data-at="${next}"]`)?.focus();
  };
  const look = (r, c) => {
    setAt([r, c]);
    setSeen([r, c]);
  };
  return html`<div class="wide" role="region" aria-label="Reachability" tabindex="-1"><table class="matrix" id="matrix" ref=${table} onKeyDown=${onKey}>
    <thead><tr><th scope="col">Server</th><th scope="col">Adapter</th><th scope="col">Judged</th>
      ${columns.map(({ peer, bad }) => html`<th scope="col" class=${bad ? "peer bad" : "peer"} title=${bad ? "Nobody reaches it" : peer.servers.join(", ")}>
        <span><bdi>${peer.name}</bdi>${bad ? " ✕ down" : ""}</span></th>`)}<th scope="col">Reaches</th></tr></thead>
    <tbody>${withSpans(rows).map(({ row: line, first, span }, r) => html`<tr key=${line.index} class=${[line.bad ? "bad-row" : "", first ? "first" : ""].join(" ")}>
      <${RowHead} row=${line} first=${first} span=${span} />
      ${columns.map(({ peer, index }, c) => html`<${MatrixCell} key=${index} matrix=${matrix} row=${line} peer=${peer} cell=${line.cells[index]}
        at=${`${r},${c}`} inOrder=${r === row && c === at[1]} seen=${seen && seen[0] === r && seen[1] === c}
        onLook=${() => look(r, c)} onHover=${() => setSeen([r, c])} />`)}
      <td class=${line.bad ? "total bad-text" : "total"}>${line.probed ? `${line.reached}/${line.probed}` : "–"}</td></tr>`)}</tbody>
    <${Totals} columns=${columns} /></table></div>
    <${CellFacts} matrix=${matrix} row=${rows[seen?.[0]]} column=${columns[seen?.[1]]} />`;
}

function Matrix({ matrix }) {
  const { rows, columns } = reachOf(matrix);
  const [all, setAll] = useState(null);
  const showAll = all ?? rows.length <= COLLAPSE_ROWS;
  const troubled = rows.filter((row) => row.bad || row.adapter.silent || row.cells.some((cell) => cell && cell.grade === "none"));
  const shown = showAll ? rows : troubled;
  const bad = rows.filter((row) => row.bad).length;
  const down = columns.filter((column) => column.bad).length;
  return html`<p class="summary">${bad === 0 && down === 0 ? "Every adapter that could be judged reaches the site."
    : [bad && `${bad} of ${rows.length} adapters ${bad === 1 ? "does" : "do"} not reach all of the site on their own`,
      down && `${down} of ${columns.length} peers ${down === 1 ? "is" : "are"} reached by nobody`].filter(Boolean).join("; ")}
    ${troubled.length < rows.length && html` <button type="button" class="link" id="rows-shown" aria-pressed=${String(!showAll)} onClick=${() => setAll(!showAll)}>
      ${showAll ? `Only rows with trouble (${troubled.length})` : `All ${rows.length} rows`}</button>`}</p>
    ${shown.length === 0 || columns.length === 0 ? html`<p class="empty">Nobody probed anybody here.</p>`
    : html`<${Table} matrix=${matrix} rows=${shown} columns=${columns} />`}<${Legend} />`;
}

export function MatrixPage() {
  const { organization, site } = place.use((state) => state);
  const { body, error } = useAnswer(paths.matrix(organization, site));
  return html`<main id="list" tabindex="-1"><div class="headline">
    <h2 id="headline">Who reaches whom in <bdi>${[organization, site].filter(Boolean).join(" / ") || "no site"}</bdi></h2>
    <a class="link" href=${pageUrl("servers", { organization, site })} onClick=${(event) => {
    event.preventDefault();
    goToPage("servers", { organization, site });
  }}>Its servers</a></div>
    ${body ? html`<${Matrix} matrix=${body} />` : html`<${Missing} error=${error} missing="This collector has no matrix." />`}</main>`;
}
