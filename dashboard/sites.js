/*
 * Every site with its counts; each leads to its servers and to its matrix: who reaches whom, a row
 * per adapter, a column per peer. A bad row is an isolated adapter, a bad column a peer that is down.
 * One cell is in the order of Tab; arrows go on from it, and both directions of it are told.
 */

import { paths } from "./api.js";
import { Component, html, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, Chip, Glyph, Link, Missing } from "./parts.js";
import { place } from "./place.js";
import { ADAPTER_STATES, duration, GRADE_MEANING, GRADES, SILENT, VERDICTS } from "./words.js";

/* ---- sites ---- */

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

function Count({ name, word, count, site }) {
  if (!count) return html`<td class="number-cell none">·</td>`;
  const filter = { organization: site.organization, site: site.site, ...(name === "silent" ? { silent: "true" } : { verdict: [name] }) };
  return html`<td class="number-cell v-${name}"><${Link} class="count" aria-label="${count} ${word.toLowerCase()} in ${site.site || "no site"}"
    to=${filter}><${Glyph} of=${name} />${count.toLocaleString()}<//></td>`;
}

function SiteRow({ site }) {
  const place = { organization: site.organization, site: site.site };
  return html`<tr data-row=${`${site.organization}/${site.site}`}><th scope="row">
      <${Link} class="row-action" page="matrix" to=${place}><bdi>${site.site || "no site"}</bdi><//></th>
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

/* ---- reach ---- */

const rank = (grade) => GRADES.indexOf(grade);

/** How a cell looks: "ok", "short" (below what others prove), "dead" (nobody proves the peer), "none". */
function toneOf(cell) {
  if (!cell?.grade) return "none";
  if (cell.proven && rank(cell.grade) < rank(cell.proven)) return rank(cell.grade) >= 2 ? "part" : "short";
  return rank(cell.grade) >= 2 ? "ok" : "dead";
}

const TONES = {
  ok: ["✓", "reached"], part: ["◆", "reached less far than others"], short: ["✕", "not reached, though others do"],
  dead: ["○", "not reached by anybody"], none: ["·", "not probed"], self: ["", "itself"],
};

/** A cell in words: how far, why not further, for how long, which way. */
function cellText(cell) {
  if (!cell?.grade) return "not probed";
  return [GRADE_MEANING[cell.grade], cell.error && `(${cell.error})`,
    cell.for_s !== null && cell.for_s !== undefined && `for ${duration(cell.for_s)}`,
    cell.via && `via ${cell.via}`, cell.ms !== null && cell.ms !== undefined && `in ${cell.ms.toLocaleString()} ms`,
    toneOf(cell) === "short" || toneOf(cell) === "part" ? `– others prove: ${GRADE_MEANING[cell.proven]}` : ""].filter(Boolean).join(" ");
}

function count(cells, tones) {
  return cells.filter((cell) => tones.includes(toneOf(cell))).length;
}

/** {rows: [{adapter, index, cells, reached, probed, bad}], columns: [{peer, index, reached, probed, bad}]} */
function reachOf(matrix) {
  const table = matrix.adapters.map(() => new Array(matrix.peers.length).fill(null));
  for (const cell of matrix.cells) if (table[cell.from]) table[cell.from][cell.to] = cell;
  const rows = matrix.adapters.map((adapter, index) => {
    const cells = table[index];
    return { adapter, index, cells, reached: count(cells, ["ok", "part"]), probed: cells.filter((c) => c?.grade).length,
      bad: ["isolated", "partial", "borrowed"].includes(adapter.state) };
  });
  const columns = matrix.peers.map((peer, index) => {
    const cells = table.map((row) => row[index]);
    const probed = cells.filter((c) => c?.grade).length;
    const reached = count(cells, ["ok", "part"]);
    return { peer, index, probed, reached, bad: probed > 0 && reached === 0 };
  });
  return { rows, columns };
}

/** The cells of the way back: from the adapters of the hosts that carry the peer, to the row's server. */
function waysBack(matrix, row, peer) {
  const hosts = new Set(peer.servers.map((name) => name.toLowerCase()));
  const own = row.adapter.server.toLowerCase();
  const to = matrix.peers.findIndex((p) => p.servers.some((name) => name.toLowerCase() === own));
  return matrix.cells.filter((cell) => cell.to === to && hosts.has(matrix.adapters[cell.from]?.server.toLowerCase()))
    .map((cell) => ({ adapter: matrix.adapters[cell.from], cell }));
}

function isSelf(row, peer) {
  return peer.servers.some((name) => name.toLowerCase() === row.adapter.server.toLowerCase());
}

/* ---- matrix cell ---- */

class MatrixCell extends Component {
  shouldComponentUpdate(next) {
    return next.cell !== this.props.cell || next.inOrder !== this.props.inOrder || next.seen !== this.props.seen ||
      next.row.adapter.silent !== this.props.row.adapter.silent || next.at !== this.props.at;
  }

  render({ row, peer, cell, at, inOrder, seen, onLook, onHover }) {
    const tone = isSelf(row, peer) ? "self" : toneOf(cell);
    const old = row.adapter.silent && tone !== "self" && tone !== "none";
    const label = `${row.adapter.server} ${row.adapter.adapter} to ${peer.name}: ${tone === "self" ? "itself" : cellText(cell)}`;
    return html`<td class=${`cell t-${tone}${old ? " old" : ""}${seen ? " seen" : ""}`} data-at=${at} tabindex=${inOrder ? 0 : -1}
      aria-label=${label} onFocus=${onLook} onMouseEnter=${onHover}>${TONES[tone][0]}</td>`;
  }
}

function Way({ from, to, cell }) {
  const tone = toneOf(cell);
  return html`<p><span class="cell t-${tone}" aria-hidden="true">${TONES[tone][0]}</span> <bdi>${from}</bdi> → <bdi>${to}</bdi>: <bdi>${cellText(cell)}</bdi>${cell?.at && html`<span class="quiet">, seen <${Age} at=${cell.at} ago /></span>`}</p>`;
}

function CellFacts({ matrix, row, column }) {
  if (!row || !column) return html`<div class="cell-facts quiet" id="cell-facts">Point at a cell, or go to it with Tab and the arrow keys, for both directions.</div>`;
  const { peer, index } = column;
  const name = `${row.adapter.server} ${row.adapter.adapter}`;
  if (isSelf(row, peer)) return html`<div class="cell-facts quiet" id="cell-facts"><bdi>${peer.name}</bdi> is this server itself.</div>`;
  const back = waysBack(matrix, row, peer);
  return html`<div class="cell-facts" id="cell-facts"><${Way} from=${name} to=${peer.name} cell=${row.cells[index]} />
    ${back.length === 0 ? html`<p class="quiet">No way back was probed.</p>` : back.map(({ adapter, cell }) => html`
    <${Way} from=${`${adapter.server} ${adapter.adapter}`} to=${row.adapter.server} cell=${cell} />`)}</div>`;
}

/* ---- matrix ---- */

const COLLAPSE_ROWS = 60; // of more, only those with trouble are shown at first

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function RowHead({ row, first, span }) {
  const { adapter } = row;
  const [word, tone] = ADAPTER_STATES[adapter.state] ?? [adapter.state, "none"];
  return html`${first && html`<th scope="rowgroup" rowspan=${span} class=${adapter.silent ? "hatched" : ""}>
      <${Link} to=${{ server: adapter.server }}><bdi>${adapter.server}</bdi><//>${adapter.silent && html`<span class="sub">silent</span>`}</th>`}
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
      <td class=${line.bad && line.reached < line.probed ? "total bad-text" : "total"}>${line.probed ? `${line.reached}/${line.probed}` : "–"}</td></tr>`)}</tbody>
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
    <${Link} class="link" to=${{ organization, site }}>Its servers<//></div>
    ${body ? html`<${Matrix} matrix=${body} />` : html`<${Missing} error=${error} missing="This collector has no matrix." />`}</main>`;
}
