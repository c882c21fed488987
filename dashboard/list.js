/* The worst-first list. Rows are patched in place: what did not change is not touched. */

import { byId, el, fill, plain, setText, value } from "./dom.js";
import { isShown, place, placeUrl } from "./place.js";
import { secondsSince } from "./time.js";
import { duration, glyph, localTime, remedyLine, serviceWord, utc, verdictWord, why } from "./words.js";

const rows = new Map(); // server name: row

/** The verdict as glyph, word and colour; a silent server's only as memory. */
export function badge(server) {
  if (!server.silent) {
    return el("span", { class: `badge v-${server.verdict}` }, glyph(server.verdict), verdictWord(server.verdict));
  }
  return el("span", { class: "silent-badge" },
    el("span", { class: "badge v-silent" }, glyph("silent"), "Silent"),
    el("span", { class: "was" }, `was ${verdictWord(server.verdict).toLowerCase()}`));
}

function makeRow(name, onOpen) {
  const row = {
    link: el("a", { class: "name" }), site: el("span", { class: "place" }),
    verdict: el("td", { class: "c-verdict" }),
    why: el("span", { class: "why" }), fix: el("span", { class: "fix" }),
    since: el("time"), report: el("time"), mta: el("td", { class: "c-mta" }),
    build: el("td", { class: "c-build" }), signature: "", server: null,
  };
  row.node = el("tr", { "data-server": name }, row.verdict,
    el("th", { scope: "row", class: "c-server" }, row.link, row.site),
    el("td", { class: "c-why" }, row.why, row.fix),
    el("td", { class: "c-since" }, row.since), el("td", { class: "c-report" }, row.report), row.mta, row.build);
  fill(row.link, value(name));
  row.link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    onOpen(name);
  });
  row.node.addEventListener("click", () => {
    if (String(getSelection()) === "") onOpen(name);
  });
  return row;
}

function showTime(node, text, shown) {
  setText(node, shown);
  if (node.getAttribute("datetime") === text) return;
  node.setAttribute("datetime", text ?? "");
  node.title = text ? `${localTime(text)}  (${utc(text)})` : "";
}

function patchRow(row, server) {
  row.server = server;
  const remedy = remedyLine(server);
  const reason = why(server);
  const known = JSON.stringify([server.verdict, server.silent, server.site, server.organization,
    server.exchange_server, reason, remedy, server.mta, server.build]);
  if (known === row.signature) return;
  row.signature = known;
  row.node.className = `row v-${server.silent ? "silent" : server.verdict}`;
  fill(row.verdict, badge(server));
  const other = server.exchange_server && server.exchange_server.toLowerCase() !== server.server.toLowerCase();
  fill(row.site, other && [value(server.exchange_server), " · "], value(server.site ?? "no site"));
  row.site.title = plain([server.organization, server.site].filter(Boolean).join(" / "));
  setText(row.why, reason.line);
  row.why.title = plain(reason.text);
  setText(row.fix, remedy);
  row.fix.title = plain(remedy);
  row.fix.hidden = remedy === "";
  fill(row.mta, el("span", { class: `mta mta-${server.mta === "running" ? "on" : server.mta ? "off" : "none"}` },
    server.mta ? serviceWord(server.mta) : "–"));
  fill(row.build, value(server.build ?? "–"));
}

/** Ages go on between two answers; called every second. */
export function tick() {
  for (const { server, since, report } of rows.values()) {
    if (!server) continue;
    const stood = secondsSince(server.since);
    const age = secondsSince(server.reported_at);
    showTime(since, server.since, stood === null ? "" : duration(stood));
    showTime(report, server.reported_at, age === null ? "" : `${duration(age)} ago`);
    report.classList.toggle("late", age !== null && server.interval_s > 0 && age > 2 * server.interval_s);
  }
}

/* Moves only the rows that are out of place; the focus stays where it was. */
function arrange(body, wanted) {
  const focused = document.activeElement;
  wanted.forEach((node, i) => {
    if (body.children[i] !== node) body.insertBefore(node, body.children[i] ?? null);
  });
  while (body.children.length > wanted.length) body.lastChild.remove();
  if (focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true });
}

function flash(row) {
  row.node.classList.remove("changed");
  void row.node.offsetWidth; // begins the animation anew
  row.node.classList.add("changed");
}

/** Shows `servers` in their order; `changed` names those to point out. Returns how many are shown. */
export function showList(servers, changed, onOpen) {
  const names = new Set(servers.map((s) => s.server));
  for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
  const wanted = [];
  for (const server of servers) {
    let row = rows.get(server.server);
    if (!row) rows.set(server.server, row = makeRow(server.server, onOpen));
    patchRow(row, server);
    if (isShown(server)) wanted.push(row.node);
  }
  arrange(byId("rows"), wanted);
  for (const name of changed) if (rows.has(name)) flash(rows.get(name));
  select();
  tick();
  return wanted.length;
}

/** Marks the row of the open server, and has every link lead to this place with its server open. */
export function select() {
  for (const [name, row] of rows) {
    const open = name === place.server;
    row.node.classList.toggle("open", open);
    if (open) row.link.setAttribute("aria-current", "true");
    else row.link.removeAttribute("aria-current");
    row.link.href = placeUrl({ server: name });
  }
}

export function focusRow(name) {
  rows.get(name)?.link.focus();
}

/** The name of the shown row `step` after that of `name`; of the first one if there is none. */
export function neighbour(name, step) {
  const shown = [...byId("rows").children].map((node) => node.dataset.server);
  if (shown.length === 0) return null;
  const at = shown.indexOf(name);
  return at < 0 ? shown[0] : shown[Math.min(shown.length - 1, Math.max(0, at + step))];
}
