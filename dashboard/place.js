/* Where the reader is: filters and the open server, kept in the address of the page. */

export const FILTERS = ["failing", "exposed", "at_risk", "unknown", "clear", "protected", "not_applicable", "silent"];

export const place = { verdicts: new Set(), site: "", q: "", server: "" };

export function readPlace() {
  const query = new URLSearchParams(location.search);
  place.verdicts = new Set(query.getAll("verdict").filter((v) => FILTERS.includes(v)));
  place.site = query.get("site") ?? "";
  place.q = query.get("q") ?? "";
  place.server = query.get("server") ?? "";
}

/** The address of this place, with some of it changed. */
export function placeUrl(changes = {}) {
  const next = { ...place, ...changes };
  const query = new URLSearchParams();
  for (const verdict of FILTERS) if (next.verdicts.has(verdict)) query.append("verdict", verdict);
  for (const key of ["site", "q", "server"]) if (next[key]) query.set(key, next[key]);
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** Goes there; `replace` leaves no step for the back button (while somebody types). */
export function goTo(changes, { replace = false } = {}) {
  const url = placeUrl(changes);
  Object.assign(place, changes);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
}

export function isFiltered() {
  return place.verdicts.size > 0 || place.site !== "" || place.q !== "";
}

export function siteKey(server) {
  return `${server.organization ?? ""}/${server.site ?? ""}`;
}

function holds(server, word) {
  const texts = [server.server, server.exchange_server, server.organization, server.site, server.build,
    server.os, server.mta, server.verdict, ...(server.reasons ?? []).flatMap((r) => [r.code, r.text])];
  return texts.some((text) => text && String(text).toLowerCase().includes(word));
}

export function isShown(server) {
  if (place.site && siteKey(server) !== place.site) return false;
  if (place.verdicts.size > 0 && !place.verdicts.has(server.verdict) &&
      !(server.silent && place.verdicts.has("silent"))) return false;
  return place.q.toLowerCase().split(/\s+/).filter(Boolean).every((word) => holds(server, word));
}
