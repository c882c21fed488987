/* The worst-first list: what is filtered for, in the order asked for, a page at a time. */

import { paths } from "./api.js";
import { fleet, hold, showWaiting } from "./fleet.js";
import { html, useEffect, useRef } from "./html.js";
import { filterBy, goTo, isFiltered, place, placeUrl, serverQuery, showAll } from "./place.js";
import { Row, rowUrl } from "./row.js";
import { SiteFilter } from "./site_filter.js";
import { count } from "./words.js";

/* name, head, what it sorts by; times sort the latest first when they are asked for once. */
const COLUMNS = [
  ["verdict", "Verdict", "verdict", "verdict"], ["server", "Server", "server", "server"],
  ["site", "Site", "site", "site"], ["why", "Why, and what to do"],
  ["since", "Since", "since", "-since"], ["report", "Report", "reported_at", "reported_at"],
  ["mta", "MTA"], ["build", "Build", "build", "build"],
];

function Head({ column, sort }) {
  const [name, title, key, first] = column;
  if (!key) return html`<th scope="col" class="c-${name}">${title}</th>`;
  const now = sort || "verdict";
  const by = now.replace("-", "") === key;
  const next = by ? (now.startsWith("-") ? key : `-${key}`) : first;
  const direction = !by ? null : now.startsWith("-") ? "descending" : "ascending";
  const change = { sort: next === "verdict" ? "" : next, cursor: "" };
  return html`<th scope="col" class="c-${name}" aria-sort=${direction}>
    <a href=${placeUrl(change)} onClick=${(event) => {
    event.preventDefault();
    filterBy(change);
  }}>${title}${by && html`<span aria-hidden="true">${direction === "ascending" ? " ▴" : " ▾"}</span>`}</a></th>`;
}

export function headline(counts, loaded) {
  if (!counts) return "Asking the collector";
  const known = Object.values(counts).some(Boolean);
  if (!known) return loaded ? "No server has reported yet" : "Asking the collector";
  const parts = [];
  if (counts.failing) parts.push(`${count(counts.failing, "MTA")} ${counts.failing === 1 ? "is" : "are"} down with error 11004`);
  if (counts.exposed) parts.push(`${counts.exposed} would fail at the next start`);
  if (counts.at_risk) parts.push(`${counts.at_risk} at risk`);
  if (parts.length === 0) parts.push("No server is known to be exposed");
  if (counts.unknown) parts.push(`${counts.unknown} cannot be told`);
  if (counts.not_monitored) parts.push(`${counts.not_monitored} not monitored`);
  if (counts.silent) parts.push(`${counts.silent} silent`);
  return parts.join(", ");
}

function total(counts) {
  return Object.entries(counts ?? {}).reduce((sum, [name, n]) => (name === "silent" ? sum : sum + n), 0);
}

function Shown({ state, where }) {
  const all = total(state.counts);
  const text = !state.loaded ? "" : isFiltered(where)
    ? `${state.matched.toLocaleString()} of ${count(all, "server")}` : count(all, "server");
  const csv = paths.serversCsv(serverQuery(where));
  return html`<p id="shown">${text}</p>
    ${isFiltered(where) && html`<button type="button" class="link" id="clear" onClick=${showAll}>Show all</button>`}
    ${state.loaded && state.matched > 0 && html`<a class="link" id="csv" href=${csv} download="servers.csv">CSV</a>`}`;
}

function Pager({ state, where }) {
  if (!state.next && !where.cursor) return null;
  const to = (event, cursor) => {
    event.preventDefault();
    goTo({ cursor });
    scrollTo(0, 0);
  };
  return html`<nav class="pager" aria-label="Pages of the list">
    ${where.cursor && html`<a href=${placeUrl({ cursor: "" })} onClick=${(event) => to(event, "")}>First page</a>`}
    ${state.next && html`<a id="next-page" rel="next" href=${placeUrl({ cursor: state.next })}
      onClick=${(event) => to(event, state.next)}>Next ${state.servers.length}</a>`}</nav>`;
}

function Empty({ state }) {
  if (state.error) return html`<p class="empty" id="empty">The collector does not answer this: ${state.error}</p>`;
  return html`<p class="empty" id="empty">${total(state.counts) === 0
    ? "As soon as an agent reports to this collector, its server appears here by itself."
    : "No server fits what is filtered for."}</p>`;
}

/* While the pointer or the focus is at a row, rows keep their places. */
function useHold() {
  const body = useRef(null);
  useEffect(() => {
    const look = () => hold(Boolean(body.current?.matches(":hover") || body.current?.contains(document.activeElement)));
    for (const type of ["pointerover", "focusin", "focusout"]) document.addEventListener(type, look);
    return () => {
      for (const type of ["pointerover", "focusin", "focusout"]) document.removeEventListener(type, look);
      hold(false);
    };
  }, []);
  return body;
}

export function List() {
  const state = fleet.use((all) => all);
  const where = place.use((all) => all);
  const body = useHold();
  const shown = state.servers.length > 0 && !state.error;
  return html`<main id="list" tabindex="-1">
    <div class="headline"><h2 id="headline">${headline(state.counts, state.loaded)}</h2>
      <${SiteFilter} /><${Shown} state=${state} where=${where} /></div>
    ${state.waiting > 0 && html`<button type="button" id="pill" class="pill" onClick=${showWaiting}>
      ${count(state.waiting, "change")} – show</button>`}
    ${shown && html`<table id="servers" aria-describedby="headline">
      <caption class="visually-hidden">Servers, ${where.sort ? "sorted" : "worst first"}</caption>
      <thead><tr>${COLUMNS.map((column) => html`<${Head} key=${column[0]} column=${column} sort=${where.sort} />`)}</tr></thead>
      <tbody id="rows" ref=${body}>${state.servers.map((server) => html`<${Row} key=${server.server} server=${server}
        changed=${state.changed.has(server.server)} url=${rowUrl(server.server)} />`)}</tbody></table>`}
    ${state.loaded && !shown && html`<${Empty} state=${state} />`}
    <${Pager} state=${state} where=${where} />
  </main>`;
}
