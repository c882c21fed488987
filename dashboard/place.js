/*
 * Where the reader is, kept in the address of the page: filters carry the names that the API has
 * for them, `page` is one of PAGES, `server` the one that is looked at.
 */

import { makeStore } from "./store.js";
import { VERDICTS } from "./words.js";

export const PAGES = ["servers", "sites", "matrix", "alerts", "operator"];

/* In the order of the address; lists may come more than once. */
const LISTS = ["verdict", "state"];
const TEXTS = ["page", "tab", "organization", "site", "silent", "q", "sort", "cursor", "server"];
const DEFAULT = { page: "servers" };

function read() {
  const query = new URLSearchParams(location.search);
  const place = {};
  for (const name of LISTS) place[name] = [...new Set(query.getAll(name))];
  for (const name of TEXTS) place[name] = query.get(name) ?? DEFAULT[name] ?? "";
  place.verdict = place.verdict.filter((v) => v in VERDICTS);
  if (!PAGES.includes(place.page)) place.page = DEFAULT.page;
  return place;
}

export const place = makeStore(read());
addEventListener("popstate", () => place.set(read()));

/** The address of a place. */
function urlOf(state) {
  const query = new URLSearchParams();
  for (const name of LISTS) for (const item of state[name]) query.append(name, item);
  for (const name of TEXTS) if (state[name] && state[name] !== DEFAULT[name]) query.set(name, state[name]);
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** The address of this place with some of it changed. */
export function placeUrl(changes) {
  return urlOf({ ...place.get(), ...changes });
}

/** What makes the address of this place with a server open, for many servers. */
export function serverUrls() {
  const rest = placeUrl({ server: "" });
  const start = rest.startsWith("?") ? `${rest}&server=` : "?server=";
  return (name) => start + encodeURIComponent(name);
}

/** Goes there; `replace` leaves no step for the back button (while somebody types). */
export function goTo(changes, { replace = false } = {}) {
  const url = placeUrl(changes);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  place.set(changes);
}

const NO_FILTER = { verdict: [], organization: "", site: "", silent: "", q: "", cursor: "" };

/** Another filter or order begins with its first page. */
export function filterBy(changes, options) {
  goTo({ ...changes, cursor: "", server: "", page: "servers" }, options);
}

export function showAll() {
  filterBy(NO_FILTER);
}

export function isFiltered(state) {
  return state.verdict.length > 0 || Boolean(state.organization || state.site || state.silent || state.q);
}

/** To another page; filters stay with the list. */
export function pageUrl(page, changes = {}) {
  const nothing = Object.fromEntries(TEXTS.map((name) => [name, ""]));
  return urlOf({ ...nothing, verdict: [], state: [], page, ...changes });
}

export function goToPage(page, changes = {}) {
  const url = pageUrl(page, changes);
  history.pushState(null, "", url);
  place.set(read());
  scrollTo(0, 0);
}

/** What of this place a query of servers has, as API parameters. */
export function serverQuery(state) {
  const query = new URLSearchParams();
  for (const verdict of state.verdict) query.append("verdict", verdict);
  for (const name of ["organization", "site", "silent", "sort"]) if (state[name]) query.set(name, state[name]);
  for (const word of state.q.split(/\s+/).filter(Boolean)) query.append("q", word);
  return query;
}
