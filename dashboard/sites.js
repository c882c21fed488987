/*
 * Every site with its counts; each leads to its servers and to its matrix: who reaches whom, a row
 * per adapter, a column per peer. A bad row is an isolated adapter, a bad column a peer that is down.
 * Tab goes to one cell, the arrows go on from it, and the page says how both directions of it do. In
 * a large site each adapter probes a few peers only: its row has those alone then, and the peers that
 * are down are named instead.
 */

import { paths } from "./api.js";
import { Component, html, useEffect, useMemo, useRef, useState } from "./html.js";
import { live, useAnswer } from "./live.js";
import { Age, Button, Chip, Glyph, Later, LaterTrend, Link, Main, NoAnswer, Owned, Wide } from "./parts.js";
import { goTo, place, siteName, siteOf } from "./place.js";
import { makeStore } from "./store.js";
import {
  ADAPTER_STATES, CONDITIONS, count, duration, errorWords, GRADES, reachWords, SILENT, VERDICTS,
} from "./words.js";

/* ---- sites ---- */

const COLUMNS = [...Object.entries(VERDICTS), ["silent", SILENT]];
const ROWS_AT_ONCE = 200; // rows of a table

/* Sorts sites by their worst servers, as the list sorts servers. */
function bySeverity(a, b) {
  const name = CONDITIONS.find((state) => a.counts[state] !== b.counts[state]);
  return name ? b.counts[name] - a.counts[name] : a.site.localeCompare(b.site);
}

function Count({ name, word, count, site }) {
  if (!count) return html`<td class="number-cell none">·</td>`;
  const label = `${count} ${word.toLowerCase()} in ${site.site || "no site"}`;
  const filter = { ...siteOf(site), ...(name === "silent" ? { silent: "true" } : { verdict: [name] }) };
  return html`<td class="number-cell v-${name}"><${Link} class="count" aria-label=${label} to=${filter}>
    <${Glyph} of=${name} />${count.toLocaleString()}<//></td>`;
}

const keyOf = ({ organization, site }) => `${organization}/${site}`;

function SiteRow({ site }) {
  return html`<tr data-row=${keyOf(site)}><th scope="row">
      <${Link} class="row-action" page="matrix" to=${siteOf(site)}><bdi>${site.site || "no site"}</bdi><//>
      <${Owned} of=${site} isSite /></th>
    <td><bdi>${site.organization || "–"}</bdi></td>
    ${COLUMNS.map(([name, { word }]) => html`<${Count} key=${name} name=${name} word=${word}
      count=${site.counts[name]} site=${site} />`)}</tr>`;
}

function SiteHeads() {
  return html`<thead><tr><th scope="col">Site</th><th scope="col">Organization</th>
    ${COLUMNS.map(([name, { word }]) => html`<th scope="col" class="number-cell" key=${name}>${word}</th>`)}
    </tr></thead>`;
}

export function SiteTable({ sites }) {
  const [all, setAll] = useState(false);
  const shown = [...sites].sort(bySeverity).slice(0, all ? sites.length : ROWS_AT_ONCE);
  return html`<${Wide} label="Sites"><table class="grid" id="sites"><${SiteHeads} />
      <tbody>${shown.map((site) => html`<${SiteRow} key=${keyOf(site)} site=${site} />`)}</tbody></table><//>
    ${shown.length < sites.length && html`<p class="pager">
      <${Button} class="link" onClick=${() => setAll(true)}>All ${sites.length} sites<//></p>`}`;
}

function SiteList({ sites }) {
  if (sites.length === 0) return html`<p class="empty">No site is known yet: the first report makes one.</p>`;
  return html`<${SiteTable} sites=${sites} />`;
}

export function Sites() {
  const { body, error } = useAnswer(paths.sites());
  return html`<${Main} title="Sites, worst first">
    ${body ? html`<${SiteList} sites=${body} />` : html`<${NoAnswer} error=${error} />`}<//>`;
}

/* ---- reach ---- */

const MANY = 60;        // of more rows those with trouble are shown at first; more peers have no columns of their own
const LARGE_TICKS = 10; // polls from one request for a large matrix to the next

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
  return [reachWords(cell), cell.error && `(${errorWords(cell.error)})`,
    cell.for_s != null && `for ${duration(cell.for_s)}`, cell.via && `via ${cell.via}`,
    cell.ms != null && `in ${cell.ms.toLocaleString()} ms`,
    ["short", "part"].includes(toneOf(cell)) && `– others prove: ${reachWords({ grade: cell.proven })}`]
    .filter(Boolean).join(" ");
}

const BAD = ["isolated", "partial", "borrowed"];

/** {rows: [{adapter, index, cells, reached, probed, bad}], columns: [{peer, index, reached, probed, bad}]} */
function countReach({ adapters, peers, cells }) {
  const rows = adapters.map((adapter, index) => (
    { adapter, index, cells: new Map(), reached: 0, probed: 0, bad: BAD.includes(adapter.state) }));
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

/** The server that the pointer or the focus is at, in the picture of the network or in the matrix. */
export const pointed = makeStore({ server: "" });

/** Whom a server has reached: {from, reached, missed: names of servers, adapters: [{adapter, reached, probed}]} */
export function reachesOf(matrix, name) {
  const { rows } = countReach(matrix);
  const own = rows.filter((row) => row.adapter.server === name);
  const [reached, missed] = [new Set(), new Set()];
  for (const row of own) {
    for (const [to, cell] of row.cells) {
      if (!cell.grade) continue;
      const isReached = ["ok", "part"].includes(toneOf(cell));
      for (const server of matrix.peers[to].servers) (isReached ? reached : missed).add(server);
    }
  }
  return { from: name, reached, missed, adapters: own.map((row) => (
    { adapter: row.adapter.adapter, reached: row.reached, probed: row.probed })) };
}

const isSameName = (a, b) => a.toLowerCase() === b.toLowerCase();
const carries = (peer, server) => peer.servers.some((name) => isSameName(name, server));
const isSelf = (row, peer) => carries(peer, row.adapter.server);

/** The cells of the other direction: from the adapters of the hosts that carry the peer, to the row's server. */
function cellsBack({ peers, adapters, cells }, row, peer) {
  const to = peers.findIndex((other) => isSelf(row, other));
  return cells.filter((cell) => cell.to === to && carries(peer, adapters[cell.from].server))
    .map((cell) => ({ adapter: adapters[cell.from], cell }));
}

/* ---- cell ---- */

function labelOf({ adapter }, peer, tone, cell) {
  return `${adapter.server} ${adapter.adapter} to ${peer.name}: ${tone === "self" ? "itself" : cellText(cell)}`;
}

class MatrixCell extends Component {
  shouldComponentUpdate(next) {
    return ["cell", "isTabStop", "isShown", "at"].some((name) => next[name] !== this.props[name]) ||
      next.row.adapter.silent !== this.props.row.adapter.silent;
  }

  render({ row, peer, cell, at, isTabStop, isShown, onFocus, onHover }) {
    const tone = isSelf(row, peer) ? "self" : toneOf(cell);
    const old = row.adapter.silent && tone !== "self" && tone !== "none";
    return html`<td class=${`cell t-${tone}${old ? " old" : ""}${isShown ? " seen" : ""}`} data-at=${at}
      tabindex=${isTabStop ? 0 : -1} aria-label=${labelOf(row, peer, tone, cell)}
      onFocus=${onFocus} onMouseEnter=${onHover}>${TONES[tone][0]}</td>`;
  }
}

function ToneSample({ tone }) {
  return html`<span class="cell t-${tone}" aria-hidden="true">${TONES[tone][0]}</span>`;
}

function SeenAt({ at }) {
  return html`<span class="quiet">, seen <${Age} at=${at} ago /></span>`;
}

function Direction({ from, to, cell }) {
  return html`<p><${ToneSample} tone=${toneOf(cell)} /> <bdi>${from}</bdi> → <bdi>${to}</bdi>:${" "}
    <bdi>${cellText(cell)}</bdi>${cell?.at && html`<${SeenAt} at=${cell.at} />`}</p>`;
}

function BothDirections({ matrix, row, peer, cell }) {
  const { server, adapter: name } = row.adapter;
  const back = cellsBack(matrix, row, peer);
  return html`<${Direction} from=${`${server} ${name}`} to=${peer.name} cell=${cell} />
    ${back.length === 0 && html`<p class="quiet">No way back was probed.</p>`}
    ${back.map(({ adapter, cell: cellBack }) => html`<${Direction} from=${`${adapter.server} ${adapter.adapter}`}
      to=${server} cell=${cellBack} />`)}`;
}

function CellFacts({ matrix, row, column }) {
  if (!row || !column) {
    return html`<div class="cell-facts quiet" id="cell-facts">
      Point at a cell, or go to it with Tab and the arrow keys, for both directions.</div>`;
  }
  const { peer, index } = column;
  if (isSelf(row, peer)) {
    return html`<div class="cell-facts quiet" id="cell-facts"><bdi>${peer.name}</bdi> is this server itself.</div>`;
  }
  return html`<div class="cell-facts" id="cell-facts"><${BothDirections} matrix=${matrix} row=${row} peer=${peer}
    cell=${row.cells.get(index)} /></div>`;
}

/* ---- table ---- */

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function ServerHead({ adapter: { server, silent }, span }) {
  return html`<th scope="rowgroup" rowspan=${span} class=${silent ? "hatched" : ""}>
    <${Link} to=${{ server }}><bdi>${server}</bdi><//>${silent && html`<span class="sub">silent</span>`}</th>`;
}

/* `span`: how many rows the name of the server stands for; 0 where it stands above already. */
function RowHeads({ row: { adapter }, span }) {
  const [word, tone] = ADAPTER_STATES[adapter.state] ?? [adapter.state, "none"];
  return html`${span > 0 && html`<${ServerHead} adapter=${adapter} span=${span} />`}
    <th scope="row"><bdi>${adapter.adapter}</bdi><span class="sub"><bdi>${adapter.addresses[0]}</bdi></span></th>
    <td class="judged"><${Chip} tone=${adapter.silent ? "old" : tone}>${word}<//></td>`;
}

/* How many rows from this one on are of one server; 0 where the row before is, too. */
function spanOf(rows, i) {
  const isOf = (row) => row?.adapter.server === rows[i].adapter.server;
  if (isOf(rows[i - 1])) return 0;
  let span = 1;
  while (isOf(rows[i + span])) span++;
  return span;
}

const total = ({ reached, probed }) => (probed ? `${reached}/${probed}` : "–");

function PeerHead({ peer, bad }) {
  return html`<th scope="col" class=${bad ? "peer bad" : "peer"}
    title=${bad ? "Nobody reaches it" : peer.servers.join(", ")}>
    <span><bdi>${peer.name}</bdi>${bad && " ✕ down"}</span></th>`;
}

const HEADS = [["Server"], ["Adapter"], ["Judged", "judged"], ["Reaches", "total"]]; // with their classes

function ColumnHeads({ columns, isLarge }) {
  return html`<thead><tr>${HEADS.map(([head, kind]) => html`<th scope="col" class=${kind}>${head}</th>`)}
    ${isLarge ? html`<th scope="col" colspan=${MANY}>Its peers</th>`
    : columns.map(({ peer, bad }) => html`<${PeerHead} peer=${peer} bad=${bad} />`)}</tr></thead>`;
}

function Totals({ columns }) {
  return html`<tfoot><tr><th scope="row" colspan="2">Reached by</th><td class="judged"></td><td class="total"></td>
    ${columns.map((column) => html`
    <td class=${column.bad ? "bad-text" : ""}>${total(column)}</td>`)}</tr></tfoot>`;
}

/* `columns` are those of this row; `r` is its place in the table. */
function MatrixRow({ row, r, span, columns, tabStop, shownAt, onFocus, onHover }) {
  const { server } = row.adapter;
  const isPointed = pointed.use((state) => state.server === server);
  return html`<tr class=${`${row.bad ? "bad-row" : ""} ${span ? "first" : ""} ${isPointed ? "pointed" : ""}`}
      onMouseEnter=${() => pointed.set({ server })}>
    <${RowHeads} row=${row} span=${span} />
    <td class=${row.bad && row.reached < row.probed ? "total bad-text" : "total"}>${total(row)}</td>
    ${columns.map(({ peer, index }, c) => html`<${MatrixCell} key=${index} row=${row} peer=${peer}
      cell=${row.cells.get(index)} at=${`${r},${c}`}
      isTabStop=${tabStop === `${r},${c}`} isShown=${shownAt === `${r},${c}`}
      onFocus=${() => onFocus([r, c])} onHover=${() => onHover([r, c])} />`)}</tr>`;
}

/* The cell that an arrow key leads to from that of the event; undefined for other keys. */
function nextCell(event) {
  const step = STEPS[event.key];
  if (!step || event.ctrlKey || event.altKey || !event.target.classList.contains("cell")) return undefined;
  return event.target.dataset.at.split(",").map((n, i) => Number(n) + step[i]);
}

function MatrixTable({ matrix, rows, columns }) {
  const [focusAt, setFocusAt] = useState([0, 0]);
  const [shownAt, setShownAt] = useState([-1, -1]);
  const table = useRef(null);
  const isLarge = columns.length > MANY;
  const columnsOf = (row) => (isLarge && row ? columns.filter(({ index }) => row.cells.has(index)) : columns);
  const onKey = (event) => {
    const next = nextCell(event);
    if (!next) return;
    event.preventDefault();
    table.current.querySelector(`[data-at="${next}"]`)?.focus();
  };
  const onFocus = (at) => {
    setFocusAt(at);
    setShownAt(at);
  };
  const [r, c] = focusAt;
  const tabStop = rows[r] && columnsOf(rows[r])[c] ? String(focusAt) : "0,0";
  const shownRow = rows[shownAt[0]];
  return html`<div class="wide" role="region" aria-label="Reachability" tabindex="-1">
    <table class="matrix" id="matrix" ref=${table} onKeyDown=${onKey}>
      <${ColumnHeads} columns=${columns} isLarge=${isLarge} />
      <tbody>${rows.map((row, i) => html`<${MatrixRow} key=${row.index} row=${row} r=${i} span=${spanOf(rows, i)}
        columns=${columnsOf(row)} tabStop=${tabStop} shownAt=${String(shownAt)}
        onFocus=${onFocus} onHover=${setShownAt} />`)}</tbody>
      ${!isLarge && html`<${Totals} columns=${columns} />`}</table></div>
    <${CellFacts} matrix=${matrix} row=${shownRow} column=${columnsOf(shownRow)[shownAt[1]]} />`;
}

/* ---- matrix ---- */

function summaryOf(rows, columns, bad, down) {
  return [
    bad && `${bad} of ${rows.length} adapters ${bad === 1 ? "does" : "do"} not reach all of the site on their own`,
    down && `${down} of ${columns.length} peers ${down === 1 ? "is" : "are"} reached by nobody`,
  ].filter(Boolean).join("; ");
}

function Summary({ rows, columns }) {
  const bad = rows.filter((row) => row.bad).length;
  const down = columns.filter((column) => column.bad);
  if (bad + down.length === 0) return "Every adapter that could be judged reaches the site.";
  const names = (columns.length > MANY ? down.slice(0, MANY) : []).map(({ peer }) => html` <bdi>${peer.name}</bdi>`);
  return html`${summaryOf(rows, columns, bad, down.length)}${names.length > 0 && html`:${names}`}`;
}

const isTroubled = (row) =>
  row.bad || row.adapter.silent || [...row.cells.values()].some((cell) => cell.grade === "none");

function RowsChoice({ isAll, all, troubled }) {
  const toggle = () => goTo({ rows: isAll ? "trouble" : "all" }, { replace: true });
  return html` <${Button} class="link" id="rows-shown" onClick=${toggle}>
    ${isAll ? `Only rows with trouble (${troubled})` : `All ${all} rows`}<//>`;
}

function MatrixRows({ matrix, all, rows, columns }) {
  if (all.length === 0) return html`<p class="empty">Nobody probed anybody here.</p>`;
  if (rows.length === 0 || columns.length === 0) return html`<p class="empty">No row has trouble.</p>`;
  return html`<${MatrixTable} matrix=${matrix} rows=${rows} columns=${columns} />`;
}

function Legend() {
  return html`<p class="legend-line">${["ok", "part", "short", "dead", "none"].map((tone) => html`<span>
    <${ToneSample} tone=${tone} /> ${TONES[tone][1]}</span>`)}</p>`;
}

export function Matrix({ matrix }) {
  const { rows, columns } = useMemo(() => countReach(matrix), [matrix]);
  const [limit, setLimit] = useState(ROWS_AT_ONCE);
  const asked = place.use((state) => state.rows);
  const isAll = asked ? asked === "all" : rows.length <= MANY;
  const troubled = rows.filter(isTroubled);
  const chosen = isAll ? rows : troubled;
  const shown = chosen.slice(0, limit);
  const more = Math.min(ROWS_AT_ONCE, chosen.length - shown.length);
  return html`<p class="summary"><${Summary} rows=${rows} columns=${columns} />
      ${troubled.length < rows.length && html`<${RowsChoice} isAll=${isAll} all=${rows.length}
        troubled=${troubled.length} />`}</p>
    <${MatrixRows} matrix=${matrix} all=${rows} rows=${shown} columns=${columns} />
    ${more > 0 && html`<p class="pager">
      <${Button} class="link" onClick=${() => setLimit(limit + ROWS_AT_ONCE)}>${count(more, "row")} more<//></p>`}
    <${Legend} />`;
}

export function MatrixPage() {
  const { organization, site } = place.use((state) => state);
  const [isLarge, setIsLarge] = useState(false);
  const when = live.use((state) => Math.floor(state.tick / LARGE_TICKS));
  const { body, error } = useAnswer(paths.matrix(organization, site), isLarge ? when : undefined);
  useEffect(() => setIsLarge(body?.peers.length > MANY), [body]);
  return html`<${Main} title=${html`Who reaches whom in <bdi>${siteName({ organization, site })}</bdi>`}
    tools=${html`<${Link} class="link" to=${{ organization, site }}>Its servers<//>
      <a class="link" href=${paths.siteReport(organization, site)} target="_blank" rel="noopener"
        title="The site as a page to print, for people without a login">On paper</a>`}>
    ${body && html`<${LaterTrend} site=${{ organization, site }} />`}
    ${body?.adapters.length > 0 && html`<${Later} module="network" room="trend-room" matrix=${body}
      site=${{ organization, site }} />`}
    ${body && html`<${Later} module="remarks" room="remark-room" site=${{ organization, site }} />`}
    ${body ? html`<${Matrix} matrix=${body} />` : html`<${NoAnswer} error=${error} />`}<//>`;
}
