/* What the page asks of the collector. The only file that knows addresses. */

const TIMEOUT_MS = 8000;
const known = new Map(); // path: {etag, body} of the last answer

export const PAGE = "./";
const LOGIN = "login";

export function serverPath(name) {
  return `v1/servers/${encodeURIComponent(name)}`;
}

/** Of an answer that is no success, or of none at all; `status` is 0 then. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** {body, fresh, date}: `fresh` is false where nothing changed since the last time. */
async function get(path) {
  const before = known.get(path);
  const headers = { Accept: "application/json" };
  if (before?.etag) headers["If-None-Match"] = before.etag;
  const response = await ask(path, headers);
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (response.status === 304 && before) return { body: before.body, fresh: false, date };
  if (!response.ok) throw new ApiError(await reason(response), response.status);
  const body = await response.json().catch(() => {
    throw new ApiError("its answer is not JSON", response.status);
  });
  known.set(path, { etag: response.headers.get("ETag"), body });
  return { body, fresh: true, date };
}

async function ask(path, headers = {}, method = "GET", body = undefined) {
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

async function reason(response) {
  const problem = await response.json().catch(() => null);
  return problem?.detail ?? problem?.title ?? `it answers ${response.status}`;
}

/** Begins a session; the browser keeps its cookie, which no script sees. */
export async function logIn(token) {
  const response = await ask("v1/session", { "Content-Type": "application/json" }, "POST", JSON.stringify({ token }));
  if (!response.ok) throw new ApiError(await reason(response), response.status);
}

/** Ends the session. */
export async function logOut() {
  const response = await ask("v1/session", {}, "DELETE");
  if (!response.ok && response.status !== 401) throw new ApiError(await reason(response), response.status);
}

/** To the login, and back to what the page shows now. */
export function goToLogin() {
  location.assign(LOGIN + location.search);
}

/** Who is logged in: {name, role, expires_at} */
export async function session() {
  return (await get("v1/session")).body;
}

export function servers() {
  return get("v1/servers");
}

export function server(name) {
  return get(serverPath(name));
}

/** Forgets a server's last answer, so that memory does not grow with every row looked at. */
export function forget(name) {
  known.delete(serverPath(name));
}

/** Is the collector itself well? {ready, text} */
export async function health() {
  const response = await ask("readyz");
  return { ready: response.ok, text: response.ok ? "ready" : `not ready (${response.status})` };
}
