/*
 * The keyboard, and the dialog that lists its keys and says what verdicts mean. Keys that type
 * something are left alone where somebody types.
 */

import { fleet } from "./fleet.js";
import { html } from "./html.js";
import { VerdictBadge } from "./parts.js";
import { filterBy, goTo, goToPage, place, siteOf } from "./place.js";
import { SILENT, VERDICTS } from "./words.js";

const byId = (id) => document.getElementById(id);

/* ---- help ---- */

const KEYS = [
  [["/"], "search"],
  [["j", "k"], "next, previous row (also the arrow keys in a list)"],
  [["Enter"], "open"],
  [["m"], "reachability matrix of the site"],
  [["t"], "timeline of the server"],
  [["a"], "alerts of the server; on an alert: acknowledge it"],
  [["x"], "on an alert: choose it, to acknowledge or silence several"],
  [["Esc"], "back to the list, then clear the search"],
  [["?"], "this help"],
];

export function toggleHelp() {
  const help = byId("help");
  if (help.open) help.close();
  else help.showModal();
}

function KeyHelp({ keys, text }) {
  return html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`;
}

export function Help() {
  return html`<dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">Keys</h2>
    <dl>${KEYS.map(([keys, text]) => html`<${KeyHelp} keys=${keys} text=${text} />`)}</dl>
    <h3>Verdicts, worst first</h3>
    <dl class="legend">${Object.entries(VERDICTS).map(([name, { meaning }]) => html`
      <dt><${VerdictBadge} verdict=${name} /></dt><dd>${meaning}</dd>`)}
      <dt><span class="badge v-silent">${SILENT.word}</span></dt><dd>${SILENT.meaning}</dd></dl>
    <form method="dialog"><button type="submit" class="button">Close</button></form></dialog>`;
}

/* ---- keys ---- */

/* Rows that j and k go through, on whatever page: each has one link or button that is its own. */
function rows() {
  return [...document.querySelectorAll("tr[data-server] .name, tr[data-row] .row-action")];
}

function focusedRow() {
  return rows().findIndex((node) => node.closest("tr") === document.activeElement?.closest?.("tr"));
}

/* On a server's page j and k go to its neighbours in the list. */
function moveServer(step) {
  const names = fleet.get().servers.map((server) => server.server);
  const at = names.indexOf(place.get().server);
  const name = names[at + step];
  if (at >= 0 && name) goTo({ server: name }, { replace: true });
}

function moveFocus(step) {
  const { page, server } = place.get();
  if (page === "servers" && server) {
    moveServer(step);
    return;
  }
  const all = rows();
  const at = focusedRow();
  all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
}

/* The server that a key is about: the open one, or that of the focused row. */
function currentServer() {
  const name = place.get().server || document.activeElement?.closest("tr")?.dataset.server;
  return { name, server: fleet.get().servers.find((server) => server.server === name) };
}

function openMatrix() {
  const own = byId("matrix-link"); // of the server that is open
  if (own) {
    own.click();
    return;
  }
  const { server } = currentServer();
  const { organization, site } = place.get();
  if (server) goToPage("matrix", siteOf(server));
  else if (site) goToPage("matrix", { organization, site });
  else goToPage("sites");
}

function openTimeline() {
  const { name } = currentServer();
  if (!name) return;
  if (!byId("server-name")) goToPage("servers", { server: name });
  const focusTitle = (tries) => {
    const title = byId("timeline-title");
    if (title) title.focus();
    else if (tries > 0) setTimeout(focusTitle, 100, tries - 1);
  };
  focusTitle(30);
}

function openAlerts() {
  const own = document.activeElement?.closest?.("tr[data-row]")?.querySelector(".acknowledge");
  if (own) own.click();
  else goToPage("alerts", { server: currentServer().name ?? "" });
}

function choose() {
  document.activeElement?.closest?.("tr[data-row]")?.querySelector(".c-choose input")?.click();
}

function closeServer() {
  const { server } = place.get();
  goTo({ server: "" });
  setTimeout(() => document.querySelector(`tr[data-server="${CSS.escape(server)}"] .name`)?.focus());
}

function escape() {
  const search = byId("search");
  const { q, server, page } = place.get();
  if (document.activeElement === search && q) filterBy({ q: "" }, { replace: true });
  else if (document.activeElement === search) search.blur();
  else if (page === "servers" && server) closeServer();
  else if (page !== "servers") goToPage(page === "matrix" ? "sites" : "servers");
  else if (q) filterBy({ q: "" });
}

const ACTIONS = {
  "/": () => {
    byId("search").focus();
    byId("search").select();
  },
  "?": toggleHelp, j: () => moveFocus(1), k: () => moveFocus(-1), m: openMatrix, t: openTimeline, a: openAlerts,
  x: choose,
};

function onKeyInField(event) {
  if (event.key === "Escape") escape();
  else if (event.target.id === "search" && (event.key === "ArrowDown" || event.key === "Enter")) moveFocus(0);
  else return false;
  return true;
}

/* Elsewhere the arrows scroll, as everybody expects. */
function onArrowInList(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !event.target.closest("tr[data-server], tr[data-row]")) return false;
  moveFocus(step);
  return true;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return; // it has its own Esc
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) {
    if (!onKeyInField(event)) return;
  } else if (event.key === "Escape") {
    escape();
  } else if (event.key in ACTIONS) {
    ACTIONS[event.key]();
  } else if (!onArrowInList(event)) {
    return;
  }
  event.preventDefault();
}

export function listenToKeys() {
  document.addEventListener("keydown", onKey);
}
