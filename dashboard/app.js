/*
 * The frame around every page: tabs, the search, how old the data is, the reader's settings, and the
 * banner that says that the data shown is old; and in it the page that the address names.
 */

import { Alerts } from "./alerts.js";
import { goToLogin, logOut, paths } from "./api.js";
import { fleet, startFleet } from "./fleet.js";
import { html, plain, render, useEffect } from "./html.js";
import { Help, listenToKeys, toggleHelp } from "./keys.js";
import { List, Strip } from "./list.js";
import { isLive, live, startPolling, useAnswer } from "./live.js";
import { MaintenancePage } from "./maintenance.js";
import { Operator } from "./operator.js";
import { ErrorBoundary, Later, Link, useClock } from "./parts.js";
import { filterBy, goToPast, place } from "./place.js";
import { PlansPage } from "./plans.js";
import { chooseNext, loadSession, session, settings } from "./reader.js";
import { ServerPage } from "./server.js";
import { MatrixPage, Sites } from "./sites.js";
import { clockTime, collectorNow, CONDITIONS, duration, timeText } from "./words.js";

/* ---- header ---- */

const TABS = [
  ["servers", "Servers"], ["sites", "Sites"], ["maintenance", "Maintenance"],
  ["plans", "What if"], ["alerts", "Alerts"], ["operator", "Operation"],
];
const THEMES = { auto: ["◐", "Colours: as the system"], light: ["○", "Colours: light"], dark: ["●", "Colours: dark"] };

function Tabs() {
  const page = place.use((state) => (state.page === "matrix" ? "sites" : state.page));
  return html`<nav class="tabs" aria-label="Pages">${TABS.map(([name, word]) => html`<${Link} key=${name} page=${name}
    aria-current=${page === name ? "page" : null}>${word}<//>`)}</nav>`;
}

function Search() {
  const q = place.use((state) => state.q);
  return html`<form id="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    <label class="visually-hidden" for="search">Search servers</label>
    <input id="search" type="search" placeholder="Search  ( / )" autocomplete="off" spellcheck="false" maxlength="200"
      value=${q} onInput=${(event) => filterBy({ q: event.target.value }, { replace: true })} /></form>`;
}

/* [state, text, title]: live, or since when not; the page never looks current when it is not. */
function liveStatus() {
  const state = live.get();
  const current = isLive(state);
  const ill = current && state.health && !state.health.ready;
  const asOf = state.answeredAt === null ? ""
    : clockTime(collectorNow() - (performance.now() - state.answeredAt), settings.get().zone);
  const since = asOf && ` · data as of ${asOf}`;
  if (ill) return ["ill", `Collector not well${since}`, `Collector: ${state.health.text}`];
  if (current) {
    return ["live", `Live${since}`, state.stream === "open" ? "Changes come at once" : "Asking every 3 seconds"];
  }
  if (state.answeredAt !== null || state.error) return ["stale", `Not live${since}`, `Collector: ${state.error}`];
  return ["starting", "Connecting", ""];
}

function LiveStatus() {
  if (place.use((all) => all.at)) return html`<p class="live" id="live" data-state="past">Not live: the past</p>`;
  return html`<${LiveText} />`;
}

function LiveText() {
  live.use((all) => `${all.answeredAt === null} ${all.error} ${all.health?.ready}`);
  const [state, text, title] = JSON.parse(useClock(() => JSON.stringify(liveStatus())));
  return html`<p class="live" id="live" data-state=${state} title=${title}><span class="dot" aria-hidden="true"></span>
    <span id="live-text">${text}</span></p>`;
}

async function endSession() {
  try {
    await logOut();
    goToLogin();
  } catch (error) {
    live.set({ failure: `You are not logged out: ${error.message}` });
  }
}

function Tool({ id, title, on, onClick, children }) {
  const label = children.length > 1 ? null : title; // a sign alone says nothing to a screen reader
  return html`<button type="button" class="plain" id=${id} title=${title} aria-label=${label}
    aria-pressed=${on === undefined ? null : String(on)} onClick=${onClick}>${children}</button>`;
}

const JUST_NOW_MS = 5000; // the collector's clock is known to the second

function enterPast() {
  if (!place.get().at) goToPast(new Date(collectorNow() - JUST_NOW_MS).toISOString());
}

function Preferences() {
  const { theme, density, zone } = settings.use((state) => state);
  const { name, role, by } = session.use((state) => state);
  const who = name && `Logged in as ${name} (${role})`;
  const [sign, word] = THEMES[theme];
  return html`<div class="tools">
    <${Tool} id="past" title="The past: as it was known at a moment" onClick=${enterPast}>↺<//>
    <${Tool} id="zone" title="Times in UTC, or in your zone" on=${zone === "utc"}
      onClick=${() => chooseNext("zone")}>UTC<//>
    <${Tool} id="density" title="Roomy rows" on=${density === "roomy"} onClick=${() => chooseNext("density")}>≡<//>
    <${Tool} id="theme" title=${word} onClick=${() => chooseNext("theme")}>${sign}<//>
    <${Tool} id="help-button" title="Keyboard help ( ? )" onClick=${toggleHelp}>?<//>
    ${by === "proxy" ? html`<span id="user" title=${who}>${name}</span>` :
      html`<${Tool} id="logout" title=${who} onClick=${endSession}>Log out<//>`}</div>`;
}

/* Paper does not tell of which day it is. */
function PrintedAt() {
  const at = useClock(() => timeText(new Date(collectorNow()).toISOString(), settings.get().zone));
  return html`<p class="print-only" id="printed">Printed ${at}</p>`;
}

function Header() {
  return html`<header class="top">
    <h1 title="Exchange 5.5 MTA, article Q285350"><svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="3.5" /><path d="M3 9h2.5l1.5-5 2 8 1.5-3H13" /></svg>mtawatch</h1>
    <${Tabs} /><${Search} /><${LiveStatus} /><${PrintedAt} />
    <${Preferences} /></header>`;
}

/* ---- trouble ---- */

function troubleText() {
  const state = live.get();
  if (state.failure) return state.failure;
  if (isLive(state)) {
    return state.health && !state.health.ready ? `The collector is not well: ${state.health.text}` : "";
  }
  if (state.answeredAt === null) {
    return state.error ? `The collector gives no data: ${state.error}. Trying again every few seconds.` : "";
  }
  const silent = (performance.now() - state.answeredAt) / 1000;
  return `Not live: the collector has not answered for ${duration(silent)}${state.error ? ` (${state.error})` : ""}. ` +
    "What you see is old. Trying again every few seconds.";
}

function Trouble() {
  const shown = useClock(troubleText);
  return html`<p class="trouble" id="trouble" role="alert" hidden=${shown === ""}>${shown}</p>`;
}

const HOOK_TICKS = 5; // polls from one question about hooks to the next
const STUCK_HOOKS = CONDITIONS.includes("hook") ? paths.alerts({ state: "firing", condition: "hook" }) : null;

/* A hook that takes nothing tells nobody of that: the page does. */
function StuckHooks() {
  const when = live.use((state) => `${state.changes} ${Math.floor(state.tick / HOOK_TICKS)}`);
  const { body } = useAnswer(STUCK_HOOKS, when);
  return (body?.alerts ?? []).map((alert) => html`<p key=${alert.id} class="trouble stuck" role="alert">
    <bdi>${alert.text}</bdi>${" "}
    <${Link} page="alerts" to=${{ tab: "deliveries", deliveries: "waiting" }}>What waits<//></p>`);
}

/* ---- page ---- */

const PAGES = {
  servers: List, sites: Sites, matrix: MatrixPage, maintenance: MaintenancePage, plans: PlansPage, alerts: Alerts,
  operator: Operator,
};

/* Changes, for screen readers; sighted readers see them in their rows. */
function Announcement() {
  const text = fleet.use((state) => state.announcement);
  return html`<p class="visually-hidden" id="news" role="status" aria-live="polite">${text}</p>`;
}

function Page() {
  const { page, server, at } = place.use((state) => state);
  const boundary = `${page} ${server}`;
  if (at) return html`<${ErrorBoundary} key=${boundary}><${Later} module="past" room="layout" /><//>`;
  return html`<${StuckHooks} /><${Strip} />
    <div class="layout"><${ErrorBoundary} key=${boundary}>${server && page === "servers"
    ? html`<${ServerPage} name=${server} />` : html`<${PAGES[page]} />`}<//></div>
    <${Announcement} />`;
}

function App() {
  const { page, server, at } = place.use((state) => state);
  const stale = useClock(() => {
    const state = live.get();
    return state.answeredAt !== null && !isLive(state);
  });
  useEffect(() => {
    document.body.classList.toggle("stale", stale);
  }, [stale]);
  useEffect(() => {
    const name = plain(server) || (page === "servers" ? "" : page);
    document.title = [at && "The past", name, "mtawatch"].filter(Boolean).join(" – ");
  }, [page, server, at]);
  return html`<${Header} /><${Trouble} /><${Page} /><${Help} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
listenToKeys();
startFleet();
startPolling();
loadSession();
