/*
 * What is around every page: where one can go, the search, how old the data is, what the reader
 * prefers; the banner that says that what is shown is old; the keys, and what verdicts mean.
 */

import { goToLogin, logOut } from "./api.js";
import { html } from "./html.js";
import { isLive, live } from "./live.js";
import { Link, useClock, VerdictBadge } from "./parts.js";
import { filterBy, place } from "./place.js";
import { session, settings, turn } from "./reader.js";
import { clock, collectorNow, duration, SILENT, VERDICTS } from "./words.js";

/* ---- header ---- */

const TABS = [["servers", "Servers"], ["sites", "Sites"], ["alerts", "Alerts"], ["operator", "Operation"]];
const THEMES = { auto: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };
const THEME_SIGNS = { auto: "M8 1.5a6.5 6.5 0 1 0 0 13z", light: "M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 1 0 0-6.8zM8 .8v1.6M8 13.6v1.6M.8 8h1.6M13.6 8h1.6M2.9 2.9l1.1 1.1M12 12l1.1 1.1M2.9 13.1L4 12M12 4l1.1-1.1", dark: "M13.6 10A6.2 6.2 0 0 1 6 2.4a6.2 6.2 0 1 0 7.6 7.6z" };

function Sign({ d, full }) {
  return html`<svg class=${full ? "sign full" : "sign"} viewBox="0 0 16 16" aria-hidden="true"><path d=${d} />
    ${full && html`<circle cx="8" cy="8" r="6.5" />`}</svg>`;
}

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

/* Live, or since when not; the page never looks current when it is not. */
function liveness() {
  const state = live.get();
  const current = isLive(state);
  const ill = current && state.health && !state.health.ready;
  const asOf = state.answeredAt === null ? ""
    : clock(collectorNow() - (performance.now() - state.answeredAt), settings.get().zone);
  const since = asOf && ` · data as of ${asOf}`;
  if (ill) return ["ill", `Collector not well${since}`, `Collector: ${state.health.text}`];
  if (current) return ["live", `Live${since}`, state.stream === "open" ? "Changes come at once" : "Asking every 3 seconds"];
  if (state.answeredAt !== null || state.error) return ["stale", `Not live${since}`, `Collector: ${state.error}`];
  return ["starting", "Connecting", ""];
}

function Live() {
  live.use((all) => `${all.answeredAt === null} ${all.error} ${all.health?.ready}`);
  const [state, text, title] = JSON.parse(useClock(() => JSON.stringify(liveness())));
  return html`<p class="live" id="live" data-state=${state} title=${title}><span class="dot" aria-hidden="true"></span>
    <span id="live-text">${text}</span></p>`;
}

async function leave() {
  try {
    await logOut();
    goToLogin();
  } catch (error) {
    live.set({ failure: `You are not logged out: ${error.message}` });
  }
}

function Preferences() {
  const { theme, density, zone } = settings.use((state) => state);
  const { name, role } = session.use((state) => state);
  return html`<div class="tools">
    <button type="button" class="plain wide" id="zone" aria-pressed=${String(zone === "utc")} title="Times in UTC, or in your zone"
      onClick=${() => turn("zone")}>UTC</button>
    <button type="button" class="plain" id="density" aria-pressed=${String(density === "roomy")} aria-label="Roomy rows"
      title="Roomy or compact rows" onClick=${() => turn("density")}><${Sign} d="M2 4h12M2 8h12M2 12h12" /></button>
    <button type="button" class="plain" id="theme" aria-label=${THEMES[theme]} title=${THEMES[theme]}
      onClick=${() => turn("theme")}><${Sign} d=${THEME_SIGNS[theme]} full=${theme === "auto"} /></button>
    <button type="button" class="plain" id="help-button" aria-label="Keyboard help" title="Keyboard help ( ? )"
      onClick=${toggleHelp}>?</button>
    <button type="button" class="plain wide" id="logout" title=${name && `Logged in as ${name} (${role})`} onClick=${leave}>Log out</button>
  </div>`;
}

export function Header() {
  return html`<header class="top">
    <h1 title="Exchange 5.5 MTA, article Q285350"><svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="3.5" /><path d="M3 9h2.5l1.5-5 2 8 1.5-3H13" /></svg>mtawatch</h1>
    <${Tabs} /><${Search} /><${Live} /><${Preferences} /></header>`;
}

/* ---- trouble ---- */

function text() {
  const state = live.get();
  if (state.failure) return state.failure;
  if (isLive(state)) return state.health && !state.health.ready ? `The collector is not well: ${state.health.text}` : "";
  if (state.answeredAt === null) {
    return state.error ? `The collector gives no data: ${state.error}. Trying again every few seconds.` : "";
  }
  const silent = (performance.now() - state.answeredAt) / 1000;
  return `Not live: the collector has not answered for ${duration(silent)}${state.error ? ` (${state.error})` : ""}. ` +
    "What you see is old. Trying again every few seconds.";
}

export function Trouble() {
  const shown = useClock(text);
  return html`<p class="trouble" id="trouble" role="alert" hidden=${shown === ""}>${shown}</p>`;
}

/* ---- help ---- */

const KEYS = [
  [["/"], "search"], [["j", "k"], "next, previous row (also the arrow keys in a list)"], [["Enter"], "open"],
  [["m"], "reachability matrix of the site"], [["t"], "timeline of the server"], [["a"], "alerts of the server; on an alert: acknowledge it"],
  [["Esc"], "back to the list, then clear the search"], [["?"], "this help"],
];

export function toggleHelp() {
  const help = document.getElementById("help");
  if (help.open) help.close();
  else help.showModal();
}

export function Help() {
  return html`<dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">Keys</h2>
    <dl>${KEYS.map(([keys, text]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>
    <h3>Verdicts, worst first</h3>
    <dl class="legend">${Object.entries(VERDICTS).map(([name, { meaning }]) => html`
      <dt><${VerdictBadge} verdict=${name} /></dt><dd>${meaning}</dd>`)}
      <dt><span class="badge v-silent">${SILENT.word}</span></dt><dd>${SILENT.meaning}</dd></dl>
    <form method="dialog"><button type="submit" class="button">Close</button></form></dialog>`;
}
