/*
 * The place where the reader is, kept in the address of the page: filters carry the names that the API has
 * for them, `page` is one of PAGES, `server` the one that is open.
 */

import { makeStore } from "./store.js";
import { VERDICTS } from "./words.js";

export const PAGES = ["servers", "sites", "matrix", "maintenance", "plans", "alerts", "operator"];

/* Of these the past is shown, too; `at` stays on the way from one to another. */
const PAST_PAGES = ["servers", "sites", "matrix"];

/* Keys of the query, in the order of the address; those of lists may come more than once. */
const LIST_KEYS = ["verdict", "state"];
const TEXT_KEYS = [
  "page", "tab", "organization", "site", "silent", "drift", "owner", "q", "sort", "cursor", "server", "rows",
  "days", "deliveries", "prefer", "at",
];
const DEFAULT = { page: "servers" };

function readAddress() {
  const query = new URLSearchParams(location.search);
  const place = {};
  for (const name of LIST_KEYS) place[name] = [...new Set(query.getAll(name))];
  for (const name of TEXT_KEYS) place[name] = query.get(name) ?? DEFAULT[name] ?? "";
  place.verdict = place.verdict.filter((v) => v in VERDICTS);
  if (!PAGES.includes(place.page)) place.page = DEFAULT.page;
  if (!PAST_PAGES.includes(place.page)) place.at = "";
  return place;
}

export const place = makeStore(readAddress());
addEventListener("popstate", () => place.set(readAddress()));

/** The address of a place. */
function urlOf(state) {
  const query = new URLSearchParams();
  for (const name of LIST_KEYS) for (const item of state[name]) query.append(name, item);
  for (const name of TEXT_KEYS) if (state[name] && state[name] !== DEFAULT[name]) query.set(name, state[name]);
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** The address of this place with some of it changed. */
export function placeUrl(changes) {
  return urlOf({ ...place.get(), ...changes });
}

/** Goes there; `replace` leaves no step for the back button (while somebody types). */
export function goTo(changes, { replace = false } = {}) {
  const url = placeUrl(changes);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  place.set(changes);
}

const EMPTY = { ...Object.fromEntries(TEXT_KEYS.map((name) => [name, ""])), verdict: [], state: [] };

const keptAt = (page) => (PAST_PAGES.includes(page) ? place.get().at : "");

/** Filters the list, from its first page; from another page, without its other filters. `replace`: see goTo(). */
export function filterBy(changes, { replace = false } = {}) {
  const { page, server } = place.get();
  const inList = page === "servers";
  goTo({ ...(inList ? {} : { ...EMPTY, at: keptAt("servers") }), ...changes, cursor: "", server: "", page: "servers" },
    { replace: replace && inList && !server });
}

export function showAll() {
  goToPage("servers", { sort: place.get().sort });
}

export function isFiltered(state) {
  const { organization, site, silent, drift, owner, q } = state;
  return state.verdict.length > 0 || Boolean(organization || site || silent || drift || owner || q);
}

/** To another page; filters stay with the list. */
export function pageUrl(page, changes = {}) {
  return urlOf({ ...EMPTY, page, at: keptAt(page), ...changes });
}

export function goToPage(page, changes = {}) {
  const url = pageUrl(page, changes);
  history.pushState(null, "", url);
  place.set(readAddress());
  scrollTo(0, 0);
}

const MAX_WORDS = 8; // that the API searches for

/* The site of servers that name none, as the API's matrices have it. */
const NO_SITE = "-";

/** The owner of servers that nobody owns. */
export const NOBODY = "-";

/** The site of a server, or of a row of sites, as the address has it. */
export function siteOf({ organization, site }) {
  return { organization: organization || NO_SITE, site: site || NO_SITE };
}

/** "ORGANIZATION / SITE" */
export function siteName({ organization, site }) {
  return [organization, site].filter((name) => name && name !== NO_SITE).join(" / ") || "no site";
}

/** The filters of a place as API parameters of a query for servers; other pages have none. */
export function serverQuery(state) {
  const query = new URLSearchParams();
  if (state.page !== "servers") return query;
  for (const verdict of state.verdict) query.append("verdict", verdict);
  for (const name of ["organization", "site", "silent", "drift", "owner", "sort"]) {
    if (state[name]) query.set(name, state[name] === NO_SITE ? "" : state[name]); // so is nobody
  }
  for (const word of state.q.split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)) query.append("q", word);
  return query;
}

/** Into the past, from a page that shows it, or from another to that of the servers. */
export function goToPast(at) {
  if (PAST_PAGES.includes(place.get().page)) goTo({ at, cursor: "" });
  else goToPage("servers", { at });
}
