/*
 * How many servers there were of each verdict, of the fleet or a site: stacked, the worst at the bottom, drawn by
 * uPlot, which is asked for when the first plot is shown; the same as a table; and how the roll-out of the fix goes.
 */

import { loadModule, paths } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { live, noteFailure, useAnswer } from "./live.js";
import { Button, Choices, DataTable, Glyph, Moment, Quiet, useZone } from "./parts.js";
import { settings } from "./reader.js";
import { clockTime, collectorNow, count, dateText, SILENT, VERDICTS } from "./words.js";

const HOUR_MS = 3600000;
const DAY_MS = 24 * HOUR_MS;
const SPANS = [["1", "Day"], ["7", "Week"], ["30", "Month"], ["365", "Year"], ["3660", "All"]];
const REFRESH_TICKS = 100; // polls from one request to the next

/* What is stacked, from the bottom; the worst first. */
const TROUBLE = ["failing", "exposed", "at_risk", "unknown", "silent", "not_monitored"];
const KINDS = { trouble: TROUBLE, all: [...TROUBLE, "clear", "protected", "not_applicable"] };
const KIND_WORDS = { trouble: "Trouble", all: "All servers" };
const wordOf = (name) => (name === "silent" ? SILENT.word : VERDICTS[name].word);

/* ---- numbers ---- */

/* A server that is silent and was in trouble is counted twice: once is enough for a stack. */
function stackable(counts, name, i) {
  if (name !== "silent") return counts[name][i];
  const others = KINDS.all.reduce((sum, other) => sum + (other === "silent" ? 0 : counts[other][i]), 0);
  return Math.max(0, counts.total[i] - others);
}

/** {times (s), layers: [{name, values, tops}]}: `tops` are the values on top of those before. */
function layersOf({ at, counts }, kind) {
  const times = at.map((text) => Date.parse(text) / 1000);
  let below = times.map(() => 0);
  const layers = KINDS[kind].map((name) => {
    const values = times.map((_, i) => stackable(counts, name, i));
    below = below.map((sum, i) => sum + values[i]);
    return { name, values, tops: below };
  });
  return { times, layers };
}

const troubleAt = (counts, i) => TROUBLE.reduce((sum, name) => sum + stackable(counts, name, i), 0);

/* Whatever changed much at once, the latest first: a tenth of all, and three servers at least. */
function jumpsOf({ at, counts }) {
  const sums = at.map((_, i) => troubleAt(counts, i));
  return at.map((text, i) => ({ at: text, before: sums[i - 1] ?? sums[i], after: sums[i], all: counts.total[i] }))
    .filter(({ before, after, all }) => Math.abs(after - before) >= Math.max(3, all / 10)).reverse();
}

const PACE_DAYS = 14;

/* How the roll-out of the fix goes, in a sentence. */
function fixText({ at, counts }, zone) {
  const last = at.length - 1;
  const all = counts.total[last] - counts.not_applicable[last];
  const fixed = counts.protected[last];
  if (all <= 0) return "";
  const text = `The fix is on ${fixed} of ${count(all, "server")}.`;
  if (fixed >= all) return text;
  const since = Date.parse(at[last]) - PACE_DAYS * DAY_MS;
  const first = Math.max(0, at.findLastIndex((moment) => Date.parse(moment) <= since));
  const days = (Date.parse(at[last]) - Date.parse(at[first])) / DAY_MS;
  const more = fixed - counts.protected[first];
  if (days < 1) return text;
  if (more <= 0) return `${text} None more in ${count(Math.round(days), "day")}.`;
  const end = Date.parse(at[last]) + ((all - fixed) * days * DAY_MS) / more;
  return `${text} ${more} more in ${count(Math.round(days), "day")}: at that pace all have it about ` +
    `${dateText(end, zone)}.`;
}

/* ---- plot ---- */

/* The colour of a layer, as the browser worked it out of the style. */
function colourOf(name, box) {
  const sample = box.querySelector(`.v-${name} .swatch`);
  return sample ? getComputedStyle(sample).backgroundColor : "#888";
}

function hatch(context) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = "rgb(128 140 150 / 60%)";
  pen.moveTo(0, 8);
  pen.lineTo(8, 0);
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

/* When no collector was at work nothing is known. */
function drawGaps(gaps) {
  return (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = hatch(ctx);
    for (const { from, to } of gaps) {
      const [left, right] = [from, to].map((text) => Math.min(bbox.left + bbox.width,
        Math.max(bbox.left, plot.valToPos(Date.parse(text) / 1000, "x", true))));
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  };
}

/* Steps of an axis on which nothing is half. */
const WHOLE = [1, 10, 100, 1000, 10000, 100000].flatMap((n) => [n, 2 * n, 5 * n]);

/* Marks at the top of what changed much. */
function drawJumps(jumps) {
  return ({ ctx, bbox, valToPos }) => {
    const size = bbox.height / 16;
    ctx.fillStyle = "rgb(128 140 150)";
    for (const { at } of jumps) {
      const x = valToPos(Date.parse(at) / 1000, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x - size / 2, bbox.top);
      ctx.lineTo(x + size / 2, bbox.top);
      ctx.lineTo(x, bbox.top + size);
      ctx.fill();
    }
  };
}

function optionsOf(Plot, { layers, gaps, jumps, box, zone, from, to, onCursor }) {
  const text = getComputedStyle(box).color;
  const axis = { stroke: text, ticks: { show: false }, font: "12px sans-serif" };
  const isShort = to - from <= 3 * DAY_MS;
  const shown = (s) => (isShort ? clockTime(s * 1000, zone).replace(/:\d\d(?=\D*$)/, "") : dateText(s * 1000, zone));
  const stepped = Plot.paths.stepped({ align: 1 });
  return {
    width: box.clientWidth, height: 130, legend: { show: false }, padding: [8, 8, 0, 0],
    cursor: { points: { show: false }, drag: { x: false, y: false }, y: false },
    tzDate: zone === "utc" ? (s) => Plot.tzDate(new Date(s * 1000), "Etc/UTC") : undefined,
    scales: { x: { range: [from / 1000, to / 1000] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.05)] } },
    axes: [{ ...axis, grid: { show: false }, size: 24, space: 90, values: (_, splits) => splits.map(shown) },
      { ...axis, grid: { stroke: "rgb(128 140 150 / 25%)", width: 1 }, size: 42, space: 26, incrs: WHOLE }],
    series: [{}, ...layers.map(({ name }) => ({
      paths: stepped, points: { show: false }, width: 1, stroke: colourOf(name, box), fill: colourOf(name, box) }))],
    hooks: { draw: [drawGaps(gaps), drawJumps(jumps)], setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
}

/* The highest layer is drawn first, so that each lower one covers what is not its own. */
function drawPlot(Plot, trend, { kind, box, ...rest }) {
  const { times, layers } = layersOf(trend, kind);
  const drawn = layers.filter(({ values }) => values.some((n) => n > 0)).reverse();
  const data = [times, ...drawn.map(({ tops }) => tops)];
  return new Plot(optionsOf(Plot, { layers: drawn, gaps: trend.gaps, jumps: jumpsOf(trend), box, ...rest }), data,
    box.querySelector(".canvas"));
}

function Legend({ trend, kind, at }) {
  const i = at ?? trend.at.length - 1;
  return html`<p class="trend-legend"><${Moment} at=${trend.at[i]} />
    ${KINDS[kind].map((name) => html`<span key=${name} class="v-${name}"><span class="swatch"></span>
      <${Glyph} of=${name} /> ${wordOf(name)} <b>${trend.counts[name][i].toLocaleString()}</b></span>`)}</p>`;
}

const MOVES = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24 };

function moveCursor(plot, event, at, n) {
  if (!plot || !(event.key in MOVES)) return;
  event.preventDefault();
  const i = Math.max(0, Math.min(n - 1, (at ?? n - 1) + MOVES[event.key]));
  plot.setCursor({ left: plot.valToPos(plot.data[0][i], "x"), top: 0 });
}

function Plot({ trend, kind, from }) {
  const box = useRef(null);
  const plot = useRef(null);
  const [at, setAt] = useState(null);
  const { zone, theme } = settings.use((state) => state);
  useEffect(() => {
    let gone = false;
    const to = collectorNow();
    const draw = (Library) => {
      if (gone || !box.current) return;
      plot.current?.destroy();
      plot.current = drawPlot(Library, trend, { kind, box: box.current, zone, from, to, onCursor: setAt });
    };
    const redraw = () => loadModule("uplot").then(draw, noteFailure);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    redraw();
    addEventListener("resize", redraw);
    dark.addEventListener("change", redraw);
    return () => {
      gone = true;
      removeEventListener("resize", redraw);
      dark.removeEventListener("change", redraw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [trend, kind, from, zone, theme]);
  const onKey = (event) => moveCursor(plot.current, event, at, trend.at.length);
  return html`<div class="plot" ref=${box} tabindex="0" role="group" onKeyDown=${onKey}
      aria-label="Servers over time; the table below has the numbers">
    <div class="canvas"></div><${Legend} trend=${trend} kind=${kind} at=${at} /></div>`;
}

/* ---- table ---- */

const ROWS = 200;

/* Moments at which something changed, the latest first. */
function changedRows({ at, counts }) {
  const names = Object.keys(counts);
  const differs = (i) => i === 0 || names.some((name) => counts[name][i] !== counts[name][i - 1]);
  return at.map((_, i) => i).filter(differs).reverse();
}

function Jumps({ jumps }) {
  return html`<ul class="jumps">${jumps.map(({ at, before, after }) => html`<li key=${at}><${Moment} at=${at} />:
    ${" "}${count(after, "server")} in trouble, ${before} before</li>`)}</ul>`;
}

function Table({ trend }) {
  const rows = changedRows(trend);
  const jumps = jumpsOf(trend);
  return html`<details class="as-table"><summary>As a table: ${count(rows.length, "change")}, of
      them large: ${jumps.length}</summary><${Jumps} jumps=${jumps} />
    <${DataTable} kind="trend-table" label="Servers over time" heads=${["From", ...KINDS.all.map(wordOf), "All"]}>
      ${rows.slice(0, ROWS).map((i) => html`<tr key=${i}><td><${Moment} at=${trend.at[i]} /></td>
        ${[...KINDS.all, "total"].map((name) => html`<td class="number-cell">
          ${trend.counts[name][i].toLocaleString()}</td>`)}</tr>`)}<//>
    ${rows.length > ROWS && html`<${Quiet}>The ${ROWS} latest are shown.<//>`}</details>`;
}

/* ---- trend ---- */

function useTrend(site, days) {
  const when = live.use((state) => Math.floor(state.tick / REFRESH_TICKS));
  const since = Math.floor(collectorNow() / HOUR_MS) * HOUR_MS - days * DAY_MS;
  return { from: since, ...useAnswer(paths.trend(site, new Date(since).toISOString()), when) };
}

/* All that is kept is shown from where it begins. */
function beginOf(trend, from, days) {
  const first = Date.parse(trend.at[0]);
  return days === "3660" && first > from ? Math.min(first, collectorNow() - DAY_MS) : from;
}

function Shown({ trend, from, days, kind }) {
  const zone = useZone();
  return html`<${Plot} trend=${trend} kind=${kind} from=${beginOf(trend, from, days)} />
    <p class="quiet" id="fix-pace">${fixText(trend, zone)}</p>
    <${Table} trend=${trend} />`;
}

function Body({ site }) {
  const [days, setDays] = useState("30");
  const [kind, setKind] = useState("trouble");
  const { body, error, from } = useTrend(site, days);
  return html`<p class="trend-tools">
      <${Choices} label="Time" of=${SPANS} isOn=${(n) => n === days} onChoose=${setDays} />
      <${Choices} label="What is shown" of=${Object.entries(KIND_WORDS)} isOn=${(name) => name === kind}
        onChoose=${setKind} /></p>
    ${body && html`<${Shown} trend=${body} from=${from} days=${days} kind=${kind} />`}
    ${error && html`<${Quiet}>The trend could not be had: ${error.message}<//>`}`;
}

/** Of the site {organization, site}, or of the whole fleet. Whether it is folded the browser remembers. */
export default function Trend({ site = null }) {
  const isOpen = settings.use((state) => state.trend === "open");
  return html`<section class=${isOpen ? "card trend open" : "card trend"} id="trend" aria-label="Trend">
    <${Button} class="fold" aria-expanded=${String(isOpen)}
      onClick=${() => settings.set({ trend: isOpen ? "folded" : "open" })}>${isOpen ? "▾" : "▸"} Trend<//>
    ${isOpen && html`<${Body} site=${site} />`}</section>`;
}
