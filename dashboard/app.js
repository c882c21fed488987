/* Brings it together: asks the collector again and again, and shows what it says. */

import * as api from "./api.js";
import { closeDetail, showDetail } from "./detail.js";
import { byId, el, fill, setText, value } from "./dom.js";
import { listenToKeys, toggleHelp } from "./keys.js";
import { focusRow, select, showList, tick } from "./list.js";
import { goTo, isFiltered, place, readPlace, siteKey } from "./place.js";
import { buildStrip, showStrip } from "./strip.js";
import { collectorNow, learnTime } from "./time.js";
import { clock, count, duration, glyph, SILENT, VERDICTS, verdictWord } from "./words.js";

const POLL_MS = 3000;
const LATE_MS = 3 * POLL_MS; // without an answer for so long, the page is not live
const HEALTH_EVERY = 5;      // polls

const state = { servers: [], counts: null, matched: 0, answeredAt: null, error: "", health: null, polls: 0 };
let timer = 0;
let asking = false;

/* ---- what is shown ---- */

function headline(counts) {
  if (!state.servers.length) return "No server has reported yet";
  const parts = [];
  if (counts.failing) parts.push(`${count(counts.failing, "MTA")} ${counts.failing === 1 ? "is" : "are"} down with error 11004`);
  if (counts.exposed) parts.push(`${counts.exposed} would fail at the next start`);
  if (counts.at_risk) parts.push(`${counts.at_risk} at risk`);
  if (parts.length === 0) parts.push("No server is known to be exposed");
  if (counts.unknown) parts.push(`${counts.unknown} cannot be told`);
  if (counts.silent) parts.push(`${counts.silent} silent`);
  return parts.join(", ");
}

function showSites() {
  const select = byId("site");
  const keys = [...new Set(state.servers.map(siteKey))].sort();
  if (place.site && !keys.includes(place.site)) keys.push(place.site);
  const known = JSON.stringify(keys);
  if (select.dataset.keys !== known) {
    select.dataset.keys = known;
    fill(select, el("option", { value: "" }, "All sites"),
      keys.map((key) => el("option", { value: key }, key === "/" ? "no site" : key)));
  }
  select.value = place.site;
}

function show(changed = []) {
  showStrip(state.counts);
  showSites();
  if (byId("search") !== document.activeElement) byId("search").value = place.q;
  if (!state.counts) return;
  const shown = showList(state.servers, changed, open);
  setText(byId("headline"), headline(state.counts));
  const cut = state.matched > state.servers.length ? ` (the worst of ${state.matched.toLocaleString()})` : "";
  setText(byId("shown"), (isFiltered() ? `${shown} of ${count(state.servers.length, "server")}`
    : count(shown, "server")) + cut);
  byId("clear").hidden = !isFiltered();
  byId("servers").hidden = shown === 0;
  byId("empty").hidden = shown > 0;
  setText(byId("empty"), state.servers.length === 0
    ? "As soon as an agent reports to this collector, its server appears here by itself."
    : "No server fits what is filtered for.");
}

function isLive() {
  return state.answeredAt !== null && performance.now() - state.answeredAt < LATE_MS;
}

/* Live, or since when not; the page never looks current when it is not. */
function showLive() {
  const live = isLive();
  const node = byId("live");
  const silentFor = state.answeredAt === null ? null : (performance.now() - state.answeredAt) / 1000;
  const asOf = silentFor === null ? "" : clock(collectorNow() - silentFor * 1000);
  const ill = live && state.health && !state.health.ready;
  node.dataset.state = live ? (ill ? "ill" : "live") : state.answeredAt === null && !state.error ? "starting" : "stale";
  node.title = live ? `Collector: ${state.health?.text ?? "answering"}` : `Collector: ${state.error}`;
  document.body.classList.toggle("stale", !live && state.answeredAt !== null);
  if (live) setText(byId("live-text"), `${ill ? `Collector ${state.health.text}` : "Live"} · data as of ${asOf}`);
  else if (state.answeredAt === null) setText(byId("live-text"), state.error ? "Not live" : "Connecting");
  else setText(byId("live-text"), `Not live · data as of ${asOf}`);
  showTrouble(live, silentFor);
}

function showTrouble(live, silentFor) {
  const node = byId("trouble");
  let text = "";
  if (!live && silentFor !== null) {
    text = `Not live: the collector has not answered for ${duration(silentFor)}` +
      `${state.error ? ` (${state.error})` : ""}. What you see is old. Trying again every few seconds.`;
  } else if (!live && state.error) {
    text = `The collector gives no data: ${state.error}. Trying again every few seconds.`;
  }
  setText(node, text);
  node.hidden = text === "";
}

/* ---- what has changed ---- */

function changes(before, after) {
  const old = new Map(before.map((s) => [s.server, s]));
  return after.filter((s) => {
    const was = old.get(s.server);
    return !was || was.verdict !== s.verdict || was.silent !== s.silent;
  });
}

function tell(changed) {
  if (changed.length === 0) return;
  const words = changed.slice(0, 3).map((s) => `${s.server} is now ${s.silent ? "silent" : verdictWord(s.verdict).toLowerCase()}`);
  if (changed.length > 3) words.push(`and ${changed.length - 3} more changed`);
  setText(byId("news"), words.join(", "));
}

/* ---- asking ---- */

async function ask() {
  try {
    const { body, fresh, date } = await api.servers();
    if (!Array.isArray(body?.servers)) throw new api.ApiError("its answer holds no servers", 200);
    learnTime(fresh ? body.as_of : date);
    const first = state.answeredAt === null;
    state.answeredAt = performance.now();
    state.error = "";
    if (fresh) {
      const changed = first ? [] : changes(state.servers, body.servers);
      state.servers = body.servers;
      state.counts = body.counts ?? {};
      state.matched = body.matched ?? body.servers.length;
      show(changed.map((s) => s.server));
      tell(changed);
    }
    if (place.server) await showDetail(place.server, state.servers);
  } catch (error) {
    if (error.status === 401) api.goToLogin();
    state.error = error instanceof api.ApiError ? error.message : `this page failed: ${error.message}`;
    if (!(error instanceof api.ApiError)) console.error(error);
  }
}

async function askHealth() {
  try {
    state.health = await api.health();
  } catch (error) {
    state.health = { ready: false, text: error.message };
  }
}

async function poll() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  await ask();
  if (state.polls++ % HEALTH_EVERY === 0 && isLive()) await askHealth();
  showLive();
  asking = false;
  timer = setTimeout(poll, POLL_MS);
}

/* ---- what the reader does ---- */

function open(name, { keepFocus = false } = {}) {
  goTo({ server: name });
  select();
  showDetail(name, state.servers, { focus: !keepFocus });
}

function close() {
  const name = place.server;
  goTo({ server: "" });
  closeDetail();
  select();
  focusRow(name);
}

function filter(changes, options) {
  goTo(changes, options);
  show();
}

function toggle(verdict) {
  const verdicts = new Set(place.verdicts);
  if (!verdicts.delete(verdict)) verdicts.add(verdict);
  filter({ verdicts });
}

function escape() {
  if (document.activeElement === byId("search") && place.q) filter({ q: "" }, { replace: true });
  else if (place.server) close();
  else if (place.q) filter({ q: "" });
  byId("search").value = place.q;
  if (document.activeElement === byId("search") && !place.q) byId("search").blur();
}

function arrive() {
  readPlace();
  show();
  if (place.server) showDetail(place.server, state.servers);
  else closeDetail();
}

function explainVerdicts() {
  for (const [verdict, { word, meaning }] of [...Object.entries(VERDICTS), ["silent", SILENT]]) {
    byId("help-verdicts").append(
      el("dt", {}, el("span", { class: `badge v-${verdict}` }, glyph(verdict), word)), el("dd", {}, value(meaning)));
  }
}

async function logOut() {
  try {
    await api.logOut();
    api.goToLogin();
  } catch (error) {
    state.error = `could not log out: ${error.message}`;
    showLive();
  }
}

async function showSession() {
  try {
    const who = await api.session();
    byId("logout").title = `Logged in as ${who.name} (${who.role})`;
  } catch (error) {
    if (error.status === 401) api.goToLogin();
  }
}

function begin() {
  readPlace();
  buildStrip(toggle);
  explainVerdicts();
  byId("site").addEventListener("change", (e) => filter({ site: e.target.value }));
  byId("search").addEventListener("input", (e) => filter({ q: e.target.value }, { replace: true }));
  byId("filters").addEventListener("submit", (e) => e.preventDefault());
  byId("clear").addEventListener("click", () => filter({ verdicts: new Set(), site: "", q: "" }));
  byId("detail-close").addEventListener("click", close);
  byId("help-button").addEventListener("click", toggleHelp);
  byId("logout").addEventListener("click", logOut);
  listenToKeys({ open, escape });
  addEventListener("popstate", arrive);
  addEventListener("online", poll);
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  setInterval(() => { tick(); showLive(); }, 1000);
  show();
  poll();
  showSession();
}

begin();
