/*
 * The servers: the status strip, a count per verdict, each of them a filter; and the list, worst
 * first, what is filtered for, in the order asked for, a page at a time.
 */

import { paths } from "./api.js";
import { fleet, setReaderAtRow, showPending } from "./fleet.js";
import { Component, html, useEffect, useMemo, useRef } from "./html.js";
import { live, useAnswer } from "./live.js";
import { Age, Badge, Button, Glyph, Later, LaterTrend, Link, Main, Owned, Pager, TextLine } from "./parts.js";
import { filterBy, goTo, isFiltered, place, placeUrl, serverQuery, showAll, siteName, siteOf } from "./place.js";
import { count, reasonOf, remedyLine, serviceWord, SILENT, VERDICTS } from "./words.js";

/* ---- strip ---- */

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

/* {counts, site}: of the whole fleet, or of the site that is chosen. */
function useCounts() {
  const counts = fleet.use((state) => state.counts);
  const { organization, site } = place.use((state) => state);
  const isOne = Boolean(organization || site);
  const { body } = useAnswer(isOne ? paths.sites() : null);
  if (!isOne) return { counts, site: null };
  const chosen = siteOf({ organization, site });
  const isIt = (one) => siteOf(one).organization === chosen.organization && siteOf(one).site === chosen.site;
  return { counts: body ? body.find(isIt)?.counts ?? {} : null, site: chosen };
}

/* Nothing is known to be well of silent servers, so these filters leave them out, as their counts do. */
const WELL = ["clear", "protected", "not_applicable"];

export function VerdictStrip({ counts, site }) {
  const { verdict, silent, page, server } = place.use((state) => state);
  const on = page === "servers" && !server;
  const toggle = (name) => {
    const names = toggled(on ? verdict : [], name);
    const isWell = names.length > 0 && names.every((one) => WELL.includes(one));
    filterBy({ ...site, verdict: names, silent: isWell ? "false" : "" });
  };
  return html`<nav class="strip" id="strip" aria-label="Servers by verdict">
    ${Object.keys(VERDICTS).map((name) => html`<${Tile} key=${name} name=${name} count=${counts?.[name]}
      pressed=${on && verdict.includes(name)} onToggle=${() => toggle(name)} />`)}
    <${Tile} name="silent" count=${counts?.silent} pressed=${on && silent === "true"}
      onToggle=${() => filterBy({ ...site, silent: on && silent === "true" ? "" : "true" })} />
  </nav>`;
}

export function Strip() {
  return html`<${VerdictStrip} ...${useCounts()} />`;
}

/* ---- row ---- */

export function openServer(event, name) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (event.currentTarget.tagName !== "A" && String(getSelection()) !== "") return; // somebody copies
  event.preventDefault();
  event.stopPropagation();
  goTo({ server: name });
}

function Mta({ state }) {
  const tone = state === "running" ? "on" : state && state !== "not_installed" ? "off" : "none";
  return html`<span class="mta mta-${tone}">${state ? serviceWord(state) : "–"}</span>`;
}

/* Something changed: quiet, and told in full to whoever asks. */
function DriftMark({ marks }) {
  const text = marks.map((mark) => mark.text).join(" ");
  return html`<span class="place drift-mark" title=${text}><${Glyph} of="drift" />drift<span
    class="visually-hidden">: <bdi>${text}</bdi></span></span>`;
}

class Row extends Component {
  shouldComponentUpdate(next) {
    return ["server", "changed", "url", "by", "comment"].some((name) => next[name] !== this.props[name]);
  }

  render({ server, changed, url, by, comment }) {
    const { line, text } = reasonOf(server);
    const fix = remedyLine(server);
    const alias = server.exchange_server && server.exchange_server.toLowerCase() !== server.server.toLowerCase();
    const open = (event) => openServer(event, server.server);
    return html`<tr class=${`row v-${server.silent ? "silent" : server.verdict}${changed ? " changed" : ""}`}
        data-server=${server.server} onClick=${open}>
      <td class="c-verdict"><${Badge} server=${server} /></td>
      <th scope="row" class="c-server"><a class="name" href=${url} onClick=${open}><bdi>${server.server}</bdi></a>
        ${alias && html`<span class="place">as <bdi>${server.exchange_server}</bdi></span>`}
        ${server.drift.length > 0 && html`<${DriftMark} marks=${server.drift} />`}
        <${Owned} of=${server} />
        ${by && html`<span class="place ack" title=${`${by}: ${comment}`}><bdi>${by}</bdi></span>`}</th>
      <td class="c-site"><span class="place" title=${siteName(server)}>
        <bdi>${server.site || "–"}</bdi></span></td>
      <td class="c-why"><${TextLine} kind="why" text=${line} title=${text} />
        ${fix && html`<${TextLine} kind="fix" text=${fix} />`}</td>
      <td class="c-since"><${Age} at=${server.since} /></td>
      <td class="c-report">${server.reported_at ? html`<${Age} at=${server.reported_at} ago
        lateAfter=${2 * (server.interval_s ?? 0)} />` : "never"}</td>
      <td class="c-mta"><${Mta} state=${server.mta} /></td>
      <td class="c-build"><bdi>${server.build ?? "–"}</bdi></td>
    </tr>`;
  }
}

/* ---- site filter ---- */

const ALL_SITES = JSON.stringify({ organization: "", site: "" });

function SiteOption({ value, selected }) {
  return html`<option value=${value} selected=${selected}>${siteName(JSON.parse(value))}</option>`;
}

function SiteFilter() {
  const { organization, site } = place.use((state) => state);
  const { body } = useAnswer(paths.sites());
  const keyOf = (one) => JSON.stringify(siteOf(one));
  const now = organization || site ? JSON.stringify({ organization, site }) : "";
  const keys = [...new Set([...(body ?? []).map(keyOf), now])].filter(Boolean).sort();
  const choose = (event) => filterBy(JSON.parse(event.target.value || ALL_SITES));
  return html`<label class="visually-hidden" for="site">Site</label>
    <select id="site" onChange=${choose}>
      <option value="" selected=${now === ""}>All sites</option>
      ${keys.map((key) => html`<${SiteOption} key=${key} value=${key} selected=${key === now} />`)}</select>`;
}

/* ---- list ---- */

/* name, head, what it sorts by; times sort the latest first when they are asked for once. */
const COLUMNS = [
  ["verdict", "Verdict", "verdict", "verdict"], ["server", "Server", "server", "server"],
  ["site", "Site", "site", "site"], ["why", "Why, and what to do"],
  ["since", "Since", "since", "-since"], ["report", "Report", "reported_at", "reported_at"],
  ["mta", "MTA"], ["build", "Build", "build", "build"],
];

function SortMark({ direction }) {
  return html`<span aria-hidden="true">${direction === "ascending" ? " ▴" : " ▾"}</span>`;
}

function ColumnHead({ column, sort }) {
  const [name, title, key, first] = column;
  if (!key) return html`<th scope="col" class="c-${name}">${title}</th>`;
  const now = sort || "verdict";
  const by = now.replace("-", "") === key;
  const next = by ? (now.startsWith("-") ? key : `-${key}`) : first;
  const direction = !by ? null : now.startsWith("-") ? "descending" : "ascending";
  const change = { sort: next === "verdict" ? "" : next, cursor: "" };
  return html`<th scope="col" class="c-${name}" aria-sort=${direction}>
    <${Link} here=${change}>${title}${direction && html`<${SortMark} direction=${direction} />`}<//></th>`;
}

export function fleetSummary(counts, loaded) {
  if (!counts) return "Asking the collector";
  if (!total(counts)) return loaded ? "No server has reported yet" : "Asking the collector";
  const parts = [];
  if (counts.failing) {
    parts.push(`${count(counts.failing, "MTA")} ${counts.failing === 1 ? "is" : "are"} down with error 11004`);
  }
  if (counts.exposed) parts.push(`${counts.exposed} would fail at the next start`);
  if (counts.at_risk) parts.push(`${counts.at_risk} at risk`);
  if (parts.length === 0) parts.push("No server is known to be exposed");
  if (counts.unknown) parts.push(`of ${counts.unknown} it is not known`);
  if (counts.not_monitored) parts.push(`${counts.not_monitored} not monitored`);
  if (counts.silent) parts.push(`${counts.silent} silent`);
  return parts.join(", ");
}

function total(counts) {
  return counts?.total ?? 0;
}

function ShownCount({ state, where }) {
  const all = total(state.counts);
  const text = !state.loaded ? "" : isFiltered(where)
    ? `${state.matched.toLocaleString()} of ${count(all, "server")}` : count(all, "server");
  const csv = paths.serversCsv(serverQuery(where));
  return html`<p id="shown">${text}</p>
    ${isFiltered(where) && html`<${Button} class="link" id="clear" onClick=${showAll}>Show all<//>`}
    ${state.loaded && state.matched > 0 && html`<a class="link" id="csv" href=${csv} download="servers.csv">CSV</a>`}`;
}

function FirstSteps() {
  return html`Install the agent with the address of this collector and an${" "}
    <${Link} page="operator" to=${{ tab: "secrets" }}>enrolment secret<//>.
    As soon as it reports, its server appears here by itself.`;
}

function Empty({ state }) {
  if (state.error) return html`<p class="empty" id="empty">The collector does not answer this: ${state.error}</p>`;
  return html`<p class="empty" id="empty">
    ${total(state.counts) === 0 ? html`<${FirstSteps} />` : "No server matches the filter."}</p>`;
}

const ACKNOWLEDGEMENT_TICKS = 5; // polls from one request for acknowledgements to the next

/* A Map from the name of a server to the acknowledgement of the alert that fires there. */
function useAcknowledgements() {
  const when = live.use((state) => `${state.changes} ${Math.floor(state.tick / ACKNOWLEDGEMENT_TICKS)}`);
  const { body } = useAnswer(paths.alerts({ state: "firing", acknowledged: "true", limit: "1000" }), when);
  return useMemo(() => new Map(body?.alerts.map((alert) => [alert.server, alert.acknowledged])), [body]);
}

const MOVES = ["pointerover", "focusin", "focusout"];

/* While the pointer or the focus is at a row, rows keep their places. */
function useStableRows() {
  const body = useRef(null);
  useEffect(() => {
    const isAtRow = () => body.current?.matches(":hover") || body.current?.contains(document.activeElement);
    const check = () => setReaderAtRow(Boolean(isAtRow()));
    for (const type of MOVES) document.addEventListener(type, check);
    return () => {
      for (const type of MOVES) document.removeEventListener(type, check);
      setReaderAtRow(false);
    };
  }, []);
  return body;
}

function ServerTable({ state, where, body, acknowledgements }) {
  return html`<table id="servers" aria-describedby="headline" aria-busy=${String(state.requested !== state.path)}>
    <caption class="visually-hidden">Servers, ${where.sort ? "sorted" : "worst first"}</caption>
    <thead><tr>${COLUMNS.map((column) => html`<${ColumnHead} key=${column[0]} column=${column}
      sort=${where.sort} />`)}</tr></thead>
    <tbody id="rows" ref=${body}>${state.servers.map((server) => html`<${Row} key=${server.server} server=${server}
      changed=${state.changed.has(server.server)} url=${placeUrl({ server: server.server })}
      ...${acknowledgements.get(server.server)} />`)}</tbody></table>`;
}

export function List() {
  const state = fleet.use((all) => all);
  const where = place.use((all) => all);
  const body = useStableRows();
  const acknowledgements = useAcknowledgements();
  const { counts, site } = useCounts();
  const summary = fleetSummary(counts, state.loaded);
  const shown = state.servers.length > 0 && !state.error;
  const tools = html`<${SiteFilter} />${state.loaded && html`<${Later} module="remarks" />`}
    <${ShownCount} state=${state} where=${where} />`;
  return html`<${Main} title=${site ? `${siteName(site)}: ${summary}` : summary} tools=${tools}>
    ${state.loaded && html`<${LaterTrend} />`}
    ${state.pendingCount > 0 && html`<${Button} id="pill" class="pill" onClick=${showPending}>
      ${count(state.pendingCount, "change")} – show<//>`}
    ${shown && html`<${ServerTable} state=${state} where=${where} body=${body}
      acknowledgements=${acknowledgements} />`}
    ${state.loaded && !shown && html`<${Empty} state=${state} />`}
    <${Pager} next=${state.next} label="Pages of the list" word="Next ${state.servers.length}" /><//>`;
}
