/* The requests of the page to the collector; the only file that knows addresses. */

const TIMEOUT_MS = 8000;
const MAX_CACHED = 64; // answers that are kept for a 304
const cache = new Map(); // path: {etag, answer} of the last answer

export const PAGE = "./";
export const SESSION_ENDED = "#ended";
const LOGIN = "login";

/** An answer that is no success, or none at all; `status` is 0 then. */
export class ApiError extends Error {
  constructor(message, status, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function request(path, { method = "GET", headers = {}, body } = {}) {
  try {
    return await fetch(path, {
      method, headers, body,
      cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const timedOut = error.name === "TimeoutError";
    throw new ApiError(timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : "it cannot be reached", 0);
  }
}

async function readProblem(response) {
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

function cacheAnswer(path, entry) {
  cache.delete(path);
  cache.set(path, entry);
  if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value);
}

const inFlight = new Map(); // path: the promise of its answer

/** {body, next, date}: the same `body` as the last time where nothing has changed since. */
export function get(path) {
  if (!inFlight.has(path)) inFlight.set(path, fetchAnswer(path).finally(() => inFlight.delete(path)));
  return inFlight.get(path);
}

async function fetchAnswer(path) {
  const cached = cache.get(path);
  const headers = { Accept: "application/json" };
  if (cached?.etag) headers["If-None-Match"] = cached.etag;
  const response = await request(path, { headers });
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (response.status === 304 && cached) return { ...cached.answer, date };
  if (!response.ok) throw await readProblem(response);
  const body = await response.json().catch(() => {
    throw new ApiError("its answer is not JSON", response.status);
  });
  const answer = { body, next: nextCursor(response) };
  cacheAnswer(path, { etag: response.headers.get("ETag"), answer });
  return { ...answer, date };
}

/** Sends a change; returns the body of the answer, or null. */
async function sendChange(method, path, value, type = "application/json") {
  const body = value === undefined || type !== "application/json" ? value : JSON.stringify(value);
  const response = await request(path, { method, body, headers: body === undefined ? {} : { "Content-Type": type } });
  if (!response.ok) throw await readProblem(response);
  inFlight.clear(); // an answer on its way may tell of the time before the change
  return response.status === 204 ? null : response.json().catch(() => null);
}

const id = encodeURIComponent;
const FAR = "2100-01-01T00:00:00Z";
const paged = (path, query) => `${path}?${new URLSearchParams(query)}`;

const sitePath = (organization, site) => `v1/sites/${id(organization || "-")}/${id(site || "-")}`;

/** The addresses of the API; for get(), and for links. */
export const paths = {
  servers: (query) => `v1/servers?${query}`,
  serversCsv: (query) => `v1/servers.csv?${query}`,
  then: (path, at) => `${path}${path.includes("?") ? "&" : "?"}at=${id(at)}`,
  server: (name) => `v1/servers/${id(name)}`,
  history: (name) => `v1/servers/${id(name)}/history?limit=1000`,
  report: (name) => `v1/servers/${id(name)}/report`,
  sites: () => "v1/sites",
  owners: () => "v1/owners",
  bookmarks: () => "v1/bookmarks",
  matrix: (organization, site) => `${sitePath(organization, site)}/matrix`,
  siteReport: (organization, site) => `${sitePath(organization, site)}/report`,
  trend: (site, since) => `${site ? sitePath(site.organization, site.site) : "v1"}/trend?since=${since}`,
  plan: ({ organization, site }, prefer) => `${sitePath(organization, site)}/plan?prefer=${prefer}`,
  alerts: (query) => paged("v1/alerts", query),
  silences: () => "v1/silences",
  deliveries: (query) => paged("v1/deliveries", query),
  agents: (query) => paged("v1/agents", query),
  tokens: () => "v1/tokens",
  secrets: () => "v1/secrets",
  audit: (query) => paged("v1/audit", query),
  collectors: () => "v1/collectors",
  inventory: () => "v1/inventory",
  session: () => "v1/session",
};

export const logIn = (token) => sendChange("POST", "v1/session", { token });
export const askWhatIf = ({ organization, site }, changes) => (
  sendChange("POST", `${sitePath(organization, site)}/what-if`, { changes }));
export const acknowledge = (alert, value) => sendChange("POST", `v1/alerts/${id(alert)}/acknowledge`, value);
export const acknowledgeMany = (value) => sendChange("POST", "v1/alerts/acknowledge", value);
export const silenceMany = (value) => sendChange("POST", "v1/alerts/silence", value);
export const unacknowledge = (alert) => sendChange("DELETE", `v1/alerts/${id(alert)}/acknowledge`);
export const addSilence = (value) => sendChange("POST", "v1/silences", value);

/** What a silence of those patterns would match; none is made. */
export const matchesOf = (matchers) => sendChange("POST", "v1/silences", { matchers, ends_at: FAR, dry_run: true });
export const endSilence = (silence) => sendChange("DELETE", `v1/silences/${id(silence)}`);
export const retryDelivery = (delivery) => sendChange("POST", `v1/deliveries/${id(delivery)}/retry`);
export const releaseAgent = (agent) => sendChange("DELETE", `v1/agents/${id(agent)}`);
export const handOver = (node) => sendChange("POST", `v1/collectors/${id(node)}/handover`);
export const forgetCollector = (node) => sendChange("DELETE", `v1/collectors/${id(node)}`);
export const addToken = (value) => sendChange("POST", "v1/tokens", value);
export const revokeToken = (name) => sendChange("DELETE", `v1/tokens/${id(name)}`);
export const addSecret = (value) => sendChange("POST", "v1/secrets", value);
export const revokeSecret = (name) => sendChange("DELETE", `v1/secrets/${id(name)}`);
export const removeServer = (name, reason) => sendChange("DELETE", `v1/servers/${id(name)}?reason=${id(reason)}`);


/** `value`: owner, note, or both; the subject is {server}, or a site. */
export const putRemark = ({ server, organization, site }, value) => (
  sendChange("PUT", `${server ? paths.server(server) : sitePath(organization, site)}/remark`, value));

export const putBookmark = (name, query) => sendChange("PUT", `v1/bookmarks/${id(name)}`, { query });
export const dropBookmark = (name) => sendChange("DELETE", `v1/bookmarks/${id(name)}`);

export const putInventory = (text, yes) => sendChange("PUT", `v1/inventory${yes ? "?yes=true" : ""}`, text, "text/csv");
export const removeExpected = (name) => sendChange("DELETE", `v1/inventory/${id(name)}`);

/** Ends the session, if there still is one. */
export async function logOut() {
  await sendChange("DELETE", "v1/session").catch((error) => {
    if (error.status !== 401) throw error;
  });
}

/** To the login, and back to what the page shows now; `ended`: the login says that the session is over. */
export function goToLogin(ended) {
  location.assign(LOGIN + location.search + (ended ? SESSION_ENDED : ""));
}

/** Is the collector itself well? {ready, text} */
export async function health() {
  const response = await request("readyz");
  const lines = (await response.text()).trim();
  return { ready: response.ok, text: response.ok ? "ready" : lines || `not ready (${response.status})` };
}

/** A module that is needed when something is shown, with the style that has its name. */
export async function loadModule(name) {
  const url = `${name}.css`;
  if (!document.querySelector(`link[href="${url}"]`)) {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: url });
    const styled = new Promise((resolve) => {
      style.onload = style.onerror = resolve;
    });
    document.head.append(style);
    await styled;
  }
  return (await import(`./${name}.js`)).default;
}

/** The stream of changes. */
export function openEvents() {
  return new EventSource("v1/events");
}
