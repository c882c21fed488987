/*
 * Every site with its counts; each leads to its servers and to its matrix: who reaches whom, a row
 * per adapter, a column per peer. A bad row is an isolated adapter, a bad column a peer that is down.
 * One cell is in the order of Tab; arrows go on from it, and both directions of it are told. In a
 * large site each adapter probes a few peers only: its row has those alone then, and the peers that
 * are down are named instead.
 */

import { paths } from "./api.js";
import { Component, html, useEffect, useMemo, useRef, useState } from "./html.js";
import { live, useAnswer } from "./live.js";
import { Age, Chip, Glyph, Link, Main, NoAnswer } from "./parts.js";
import { goTo, place, siteName, siteOf } from "./place.js";
import { ADAPTER_STATES, count, duration, errorWords, GRADES, reachWords, SILENT, VERDICTS } from "./words.js";

/* ---- sites ---- */

const COLUMNS = [...Object.entries(VERDICTS), ["silent", SILENT]];
const HARM = ["failing", "exposed", "at_risk", "unknown", "silent", "not_monitored"];
const AT_ONCE = 200; // rows of a table

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

function SiteTable({ sites }) {
  const [all, setAll] = useState(false);
  const shown = [...sites].sort(worse).slice(0, all ? sites.length : AT_ONCE);
  return html`<div class="wide" tabindex="0" role="region" aria-label="Sites"><table class="grid" id="sites">
    <thead><tr><th scope="col">Site</th><th scope="col">Organization</th>
      ${COLUMNS.map(([name, { word }]) => html`<th scope="col" class="number-cell" key=${name}>${word}</th>`)}</tr></thead>
    <tbody>${shown.map((site) => html`<${SiteRow} key=${`${site.organization}/${site.site}`} site=${site} />`)}</tbody></table></div>
    ${shown.length < sites.length && html`<p class="pager"><button type="button" class="link" onClick=${() => setAll(true)}>All ${sites.length} sites</button></p>`}`;
}

export function Sites() {
  const { body, error } = useAnswer(paths.sites());
  return html`<${Main} title="Sites, worst first">
    ${!body ? html`<${NoAnswer} error=${error} />` : body.length === 0 ? html`<p class="empty">No site is known yet: the first report makes one.</p>`
    : html`<${SiteTable} sites=${body} />`}<//>`;
}

/* ---- reach ---- */

const MANY = 60;   // rows, of more only those with trouble are shown at first; columns, likewise
const SELDOM = 10; // ticks, after which a large matrix is asked for again

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
  return [reachWords(cell), cell.error && `(${errorWords(cell.error)})`, cell.for_s != null && `for ${duration(cell.for_s)}`,
    cell.via && `via ${cell.via}`, cell.ms != null && `in ${cell.ms.toLocaleString()} ms`,
    ["short", "part"].includes(toneOf(cell)) && `– others prove: ${reachWords({ grade: cell.proven })}`].filter(Boolean).join(" ");
}

const BAD = ["isolated", "partial", "borrowed"];

/** {rows: [{adapter, index, cells, reached, probed, bad}], columns: [{peer, index, reached, probed, bad}]} */
function reachOf({ adapters, peers, cells }) {
  const rows = adapters.map((adapter, index) => ({ adapter, index, cells: new Map(), reached: 0, probed: 0, bad: BAD.includes(adapter.state) }));
  const columns = peers.map((peer, index) => ({ peer, index, reached: 0, probed: 0 }));
  for (const cell of cells) {
    const row = rows[cell.from];
    const column = columns[cell.to];
    const reached = ["ok", "part"].includes(toneOf(cell)) ? 1 : 0;
    row.cells.set(cell.to, cell);
    for (const line of [row, column]) {
      line.probed += cell.grade ? 1 : 0;
      line.reached += reached;
    }
  }
  for (const column of columns) column.bad = column.probed > 0 && column.reached === 0;
  return { rows, columns };
}

const same = (a, b) => a.toLowerCase() === b.toLowerCase();

const isSelf = (row, peer) => peer.servers.some((name) => same(name, row.adapter.server));

/** The cells of the way back: from the adapters of the hosts that carry the peer, to the row's server. */
function waysBack(matrix, row, peer) {
  const to = matrix.peers.findIndex((other) => isSelf(row, other));
  return matrix.cells.filter((cell) => cell.to === to && peer.servers.some((name) => same(name, matrix.adapters[cell.from].server)))
    .map((cell) => ({ adapter: matrix.adapters[cell.from], cell }));
}

/* ---- cell ---- */

class MatrixCell extends Component {
  shouldComponentUpdate(next) {
    return ["cell", "inOrder", "seen", "at"].some((name) => next[name] !== this.props[name]) ||
      next.row.adapter.silent !== this.props.row.adapter.silent;
  }

  render({ row, peer, cell, at, inOrder, seen, onLook, onHover }) {
    const tone = isSelf(row, peer) ? "self" : toneOf(cell);
    const old = row.adapter.silent && tone !== "self" && tone !== "none";
    const label = `${row.adapter.server} ${row.adapter.adapter} to ${peer.name}: ${tone === "self" ? "itself" : cellText(cell)}`;
    return html`<td class=${`cell t-${tone}${old ? " old" : ""}${seen ? " seen" : ""}`} data-at=${at} tabindex=${inOrder ? 0 : -1}
      aria-label=${label} onFocus=${onLook} onMouseEnter=${onHover}>${TONES[tone][0]}</td>`;
  }
}

function Sample({ tone }) {
  return html`<span class="cell t-${tone}" aria-hidden="true">${TONES[tone][0]}</span>`;
}

function Way({ from, to, cell }) {
  return html`<p><${Sample} tone=${toneOf(cell)} /> <bdi>${from}</bdi> → <bdi>${to}</bdi>: <bdi>${cellText(cell)}</bdi>${cell?.at && html`<span class="quiet">, seen <${Age} at=${cell.at} ago /></span>`}</p>`;
}

function CellFacts({ matrix, row, column }) {
  if (!row || !column) return html`<div class="cell-facts quiet" id="cell-facts">Point at a cell, or go to it with Tab and the arrow keys, for both directions.</div>`;
  const { peer, index } = column;
  if (isSelf(row, peer)) return html`<div class="cell-facts quiet" id="cell-facts"><bdi>${peer.name}</bdi> is this server itself.</div>`;
  const back = waysBack(matrix, row, peer);
  return html`<div class="cell-facts" id="cell-facts"><${Way} from=${`${row.adapter.server} ${row.adapter.adapter}`} to=${peer.name} cell=${row.cells.get(index)} />
    ${back.length === 0 ? html`<p class="quiet">No way back was probed.</p>` : back.map(({ adapter, cell }) => html`
    <${Way} from=${`${adapter.server} ${adapter.adapter}`} to=${row.adapter.server} cell=${cell} />`)}</div>`;
}

/* ---- table ---- */

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function RowHead({ row: { adapter }, span }) {
  const [word, tone] = ADAPTER_STATES[adapter.state] ?? [adapter.state, "none"];
  return html`${span > 0 && html`<th scope="rowgroup" rowspan=${span} class=${adapter.silent ? "hatched" : ""}>
      <${Link} to=${{ server: adapter.server }}><bdi>${adapter.server}</bdi><//>${adapter.silent && html`<span class="sub">silent</span>`}</th>`}
    <th scope="row"><bdi>${adapter.adapter}</bdi><span class="sub"><bdi>${adapter.addresses[0]}</bdi></span></th>
    <td><${Chip} tone=${adapter.silent ? "old" : tone}>${word}<//></td>`;
}

/* How many rows from this one on are of one server, whose name is said once; 0 where it was said. */
function spanOf(rows, i) {
  const isOf = (row) => row?.adapter.server === rows[i].adapter.server;
  if (isOf(rows[i - 1])) return 0;
  let span = 1;
  while (isOf(rows[i + span])) span++;
  return span;
}

const total = ({ reached, probed }) => (probed ? `${reached}/${probed}` : "–");

function Heads({ columns, wide }) {
  return html`<thead><tr><th scope="col">Server</th><th scope="col">Adapter</th><th scope="col">Judged</th><th scope="col">Reaches</th>
    ${wide ? html`<th scope="col" colspan=${MANY}>Its peers</th>` : columns.map(({ peer, bad }) => html`<th scope="col" class=${bad ? "peer bad" : "peer"}
      title=${bad ? "Nobody reaches it" : peer.servers.join(", ")}><span><bdi>${peer.name}</bdi>${bad && " ✕ down"}</span></th>`)}</tr></thead>`;
}

function Totals({ columns }) {
  return html`<tfoot><tr><th scope="row" colspan="4">Reached by</th>${columns.map((column) => html`
    <td class=${column.bad ? "bad-text" : ""}>${total(column)}</td>`)}</tr></tfoot>`;
}

function MatrixTable({ matrix, rows, columns }) {
  const [at, setAt] = useState([0, 0]);
  const [seen, setSeen] = useState([-1, -1]);
  const table = useRef(null);
  const wide = columns.length > MANY;
  const columnsOf = (row) => (wide && row ? columns.filter(({ index }) => row.cells.has(index)) : columns);
  const onKey = (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.altKey || !event.target.classList.contains("cell")) return;
    event.preventDefault();
    const next = event.target.dataset.at.split(",").map((n, i) => Number(n) + step[i]);
    table.current.querySelector(`[data-at="${next}"]`)?.focus();
  };
  const look = (place) => {
    setAt(place);
    setSeen(place);
  };
  const inOrder = rows[at[0]] && columnsOf(rows[at[0]])[at[1]] ? String(at) : "0,0";
  return html`<div class="wide" role="region" aria-label="Reachability" tabindex="-1"><table class="matrix" id="matrix" ref=${table} onKeyDown=${onKey}>
    <${Heads} columns=${columns} wide=${wide} />
    <tbody>${rows.map((row, r) => html`<tr key=${row.index} class=${`${row.bad ? "bad-row" : ""} ${spanOf(rows, r) ? "first" : ""}`}>
      <${RowHead} row=${row} span=${spanOf(rows, r)} />
      <td class=${row.bad && row.reached < row.probed ? "total bad-text" : "total"}>${total(row)}</td>
      ${columnsOf(row).map(({ peer, index }, c) => html`<${MatrixCell} key=${index} row=${row} peer=${peer} cell=${row.cells.get(index)}
        at=${`${r},${c}`} inOrder=${inOrder === `${r},${c}`} seen=${String(seen) === `${r},${c}`}
        onLook=${() => look([r, c])} onHover=${() => setSeen([r, c])} />`)}</tr>`)}</tbody>
    ${!wide && html`<${Totals} columns=${columns} />`}</table></div>
    <${CellFacts} matrix=${matrix} row=${rows[seen[0]]} column=${columnsOf(rows[seen[0]])[seen[1]]} />`;
}

/* ---- matrix ---- */

function Summary({ rows, columns }) {
  const bad = rows.filter((row) => row.bad).length;
  const down = columns.filter((column) => column.bad);
  if (bad + down.length === 0) return "Every adapter that could be judged reaches the site.";
  const names = (columns.length > MANY ? down.slice(0, MANY) : []).map(({ peer }) => html` <bdi>${peer.name}</bdi>`);
  return html`${[bad && `${bad} of ${rows.length} adapters ${bad === 1 ? "does" : "do"} not reach all of the site on their own`,
    down.length && `${down.length} of ${columns.length} peers ${down.length === 1 ? "is" : "are"} reached by nobody`].filter(Boolean).join("; ")}
    ${names.length > 0 && html`:${names}`}`;
}

const isTroubled = (row) => row.bad || row.adapter.silent || [...row.cells.values()].some((cell) => cell.grade === "none");

function Matrix({ matrix }) {
  const { rows, columns } = useMemo(() => reachOf(matrix), [matrix]);
  const [limit, setLimit] = useState(AT_ONCE);
  const asked = place.use((state) => state.rows);
  const showAll = asked ? asked === "all" : rows.length <= MANY;
  const troubled = rows.filter(isTroubled);
  const chosen = showAll ? rows : troubled;
  const shown = chosen.slice(0, limit);
  return html`<p class="summary"><${Summary} rows=${rows} columns=${columns} />
    ${troubled.length < rows.length && html` <button type="button" class="link" id="rows-shown" onClick=${() => goTo({ rows: showAll ? "trouble" : "all" }, { replace: true })}>
      ${showAll ? `Only rows with trouble (${troubled.length})` : `All ${rows.length} rows`}</button>`}</p>
    ${shown.length === 0 || columns.length === 0 ? html`<p class="empty">${rows.length === 0 ? "Nobody probed anybody here." : "No row has trouble."}</p>`
    : html`<${MatrixTable} matrix=${matrix} rows=${shown} columns=${columns} />`}
    ${shown.length < chosen.length && html`<p class="pager"><button type="button" class="link" onClick=${() => setLimit(limit + AT_ONCE)}>
      ${count(Math.min(AT_ONCE, chosen.length - shown.length), "row")} more</button></p>`}
    <p class="legend-line">${["ok", "part", "short", "dead", "none"].map((tone) => html`<span><${Sample} tone=${tone} /> ${TONES[tone][1]}</span>`)}</p>`;
}

export function MatrixPage() {
  const { organization, site } = place.use((state) => state);
  const [isLarge, setIsLarge] = useState(false);
  const seldom = live.use((state) => Math.floor(state.tick / SELDOM));
  const { body, error } = useAnswer(paths.matrix(organization, site), isLarge ? seldom : undefined);
  useEffect(() => setIsLarge(body?.peers.length > MANY), [body]);
  return html`<${Main} title=${html`Who reaches whom in <bdi>${siteName({ organization, site })}</bdi>`}
    tools=${html`<${Link} class="link" to=${{ organization, site }}>Its servers<//>`}>
    ${body ? html`<${Matrix} matrix=${body} />` : html`<${NoAnswer} error=${error} />`}<//>`;
}
