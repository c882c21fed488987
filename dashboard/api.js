/* What the page asks of the collector. The only file that knows addresses. */

const TIMEOUT_MS = 8000;
const MAX_KNOWN = 64; // answers that are kept for a 304
const known = new Map(); // path: {etag, answer} of the last answer

export const PAGE = "./";
export const ENDED = "#ended";
const LOGIN = "login";

/** Of an answer that is no success, or of none at all; `status` is 0 then. */
export class ApiError extends Error {
  constructor(message, status, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(path, { method = "GET", headers = {}, body } = {}) {
  try {
    return await fetch(path, {
      method, headers, body,
      cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new ApiError(late ? `no answer within ${TIMEOUT_MS / 1000} s` : "it cannot be reached", 0);
  }
}

async function failure(response) {
  const problem = await response.json().catch(() => null);
  const where = (problem?.errors ?? []).map((e) => `${e.pointer}: ${e.detail}`).join(" ");
  const text = [problem?.detail ?? problem?.title ?? `it answers ${response.status}`, where].filter(Boolean).join(" ");
  return new ApiError(text, response.status, problem?.code);
}

/* The cursor of the page that follows, from the Link field (RFC 8288). */
function nextCursor(response) {
  const link = /<([^>]*)>\s*;[^,]*rel="?next"?/.exec(response.headers.get("Link") ?? "");
  return link ? new URL(link[1], location.href).searchParams.get("cursor") ?? "" : "";
}

function keep(path, entry) {
  known.delete(path);
  known.set(path, entry);
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value);
}

const underWay = new Map(); // path: the promise of its answer

/** {body, next, date}: the same `body` as the last time where nothing has changed since. */
export function get(path) {
  if (!underWay.has(path)) underWay.set(path, getAnew(path).finally(() => underWay.delete(path)));
  return underWay.get(path);
}

async function getAnew(path) {
  const before = known.get(path);
  const headers = { Accept: "application/json" };
  if (before?.etag) headers["If-None-Match"] = before.etag;
  const response = await ask(path, { headers });
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (response.status === 304 && before) return { ...before.answer, date };
  if (!response.ok) throw await failure(response);
  const body = await response.json().catch(() => {
    throw new ApiError("its answer is not JSON", response.status);
  });
  const answer = { body, next: nextCursor(response) };
  keep(path, { etag: response.headers.get("ETag"), answer });
  return { ...answer, date };
}

/** A change; the body of its answer, or null. */
async function change(method, path, value, type = "application/json") {
  const body = value === undefined || type !== "application/json" ? value : JSON.stringify(value);
  const response = await ask(path, { method, body, headers: body === undefined ? {} : { "Content-Type": type } });
  if (!response.ok) throw await failure(response);
  underWay.clear(); // what was asked before the change may tell of before
  return response.status === 204 ? null : response.json().catch(() => null);
}

const id = encodeURIComponent;
const paged = (path, query) => `${path}?${new URLSearchParams(query)}`;

/** Where things are; for get(), and for links. */
export const paths = {
  servers: (query) => `v1/servers?${query}`,
  serversCsv: (query) => `v1/servers.csv?${query}`,
  server: (name) => `v1/servers/${id(name)}`,
  history: (name) => `v1/servers/${id(name)}/history?limit=1000`,
  report: (name) => `v1/servers/${id(name)}/report`,
  sites: () => "v1/sites",
  matrix: (organization, site) => `v1/sites/${id(organization || "-")}/${id(site || "-")}/matrix`,
  alerts: (query) => paged("v1/alerts", query),
  silences: () => "v1/silences",
  deliveries: (query) => paged("v1/deliveries", query),
  agents: (query) => paged("v1/agents", query),
  tokens: () => "v1/tokens",
  secrets: () => "v1/secrets",
  audit: (query) => paged("v1/audit", query),
  inventory: () => "v1/inventory",
  session: () => "v1/session",
};

export const logIn = (token) => change("POST", "v1/session", { token });
export const acknowledge = (alert, value) => change("POST", `v1/alerts/${id(alert)}/acknowledge`, value);
export const unacknowledge = (alert) => change("DELETE", `v1/alerts/${id(alert)}/acknowledge`);
export const addSilence = (value) => change("POST", "v1/silences", value);
export const endSilence = (silence) => change("DELETE", `v1/silences/${id(silence)}`);
export const retryDelivery = (delivery) => change("POST", `v1/deliveries/${id(delivery)}/retry`);
export const releaseAgent = (agent) => change("DELETE", `v1/agents/${id(agent)}`);
export const addToken = (value) => change("POST", "v1/tokens", value);
export const revokeToken = (name) => change("DELETE", `v1/tokens/${id(name)}`);
export const addSecret = (value) => change("POST", "v1/secrets", value);
export const revokeSecret = (name) => change("DELETE", `v1/secrets/${id(name)}`);
export const removeServer = (name, reason) => change("DELETE", `v1/servers/${id(name)}?reason=${id(reason)}`);

export const putInventory = (text, yes) => change("PUT", `v1/inventory${yes ? "?yes=true" : ""}`, text, "text/csv");
export const removeExpected = (name) => change("DELETE", `v1/inventory/${id(name)}`);

/** Ends the session, if there still is one. */
export async function logOut() {
  await change("DELETE", "v1/session").catch((error) => {
    if (error.status !== 401) throw error;
  });
}

/** To the login, and back to what the page shows now; `ended` has it say that the session is over. */
export function goToLogin(ended) {
  location.assign(LOGIN + location.search + (ended ? ENDED : ""));
}

/** Is the collector itself well? {ready, text} */
export async function health() {
  const response = await ask("readyz");
  const lines = (await response.text()).trim();
  return { ready: response.ok, text: response.ok ? "ready" : lines || `not ready (${response.status})` };
}

/** The stream of changes. */
export function openEvents() {
  return new EventSource("v1/events");
}
