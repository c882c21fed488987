/*
 * The probes of one server, both ways: out from each of its adapters to each peer as the collector
 * judged it, and in from the peers to each adapter's addresses, as their own reports have it.
 */

import { el, value } from "./dom.js";
import { section } from "./facts.js";
import { duration, GRADE_MEANING, GRADES } from "./words.js";

const GRADE_WORD = { none: "none", tcp: "TCP", epm: "mapper", mapped: "named", mta: "MTA" };

function chip(grade, tone, title) {
  return el("span", { class: `chip grade ${tone}`, title }, GRADE_WORD[grade] ?? grade);
}

function outward(path) {
  if (!path || !path.grade) return el("span", { class: "quiet" }, "–");
  const title = [`out: ${GRADE_MEANING[path.grade]}`, path.error && `(${path.error})`,
    path.for_s !== null && path.for_s !== undefined && `for ${duration(path.for_s)}`,
    path.proven && `; others proved: ${GRADE_MEANING[path.proven]}`,
    path.borrowed && "; only through another adapter"].filter(Boolean).join(" ");
  const tone = path.falls_short ? "bad" : path.borrowed ? "warn" : GRADES.indexOf(path.grade) >= 2 ? "ok" : "none";
  return [chip(path.grade, tone, title),
    el("span", { class: "sub" }, path.error ?? (path.for_s ? duration(path.for_s) : ""))];
}

/* The best of the peer's rows that aim at this adapter. */
function bestInward(detail, adapter) {
  const own = new Set((adapter?.addresses ?? []).map((a) => a.split("/")[0]));
  const rows = (detail.report?.probes ?? []).filter((row) => own.has(row.to));
  return rows.reduce((best, row) =>
    !best || GRADES.indexOf(row.grade) > GRADES.indexOf(best.grade) ? row : best, null);
}

function inward(detail, adapter) {
  const row = detail && bestInward(detail, adapter);
  if (!row) return el("span", { class: "quiet" }, "–");
  const title = `in: from ${row.adapter} of ${detail.server} to ${row.to}: ${GRADE_MEANING[row.grade] ?? row.grade}` +
    (row.error ? ` (${row.error})` : "") + (detail.silent ? "; that report is old" : "");
  const tone = detail.silent ? "old" : GRADES.indexOf(row.grade) >= 2 ? "ok" : "none";
  return [chip(row.grade, tone, title), el("span", { class: "sub" }, row.error ?? "")];
}

function peerRow(peer, server, details) {
  const detail = details.find((d) => (d.exchange_server ?? d.server).toLowerCase() === peer.toLowerCase());
  const facts = server.report?.adapters ?? [];
  return el("tr", {}, el("th", { scope: "row" }, value(peer)), server.adapters.map((adapter) => [
    el("td", {}, outward((adapter.paths ?? []).find((p) => p.peer === peer))),
    el("td", { class: "in" }, inward(detail, facts.find((f) => f.id === adapter.id)))]));
}

export function probes(server, details) {
  const judged = server.adapters ?? [];
  const peers = [...new Set(judged.flatMap((a) => (a.paths ?? []).map((p) => p.peer)))];
  if (peers.length === 0) return section("Probes", el("p", { class: "quiet" }, "No peer was probed."));
  return section("Probes, both ways",
    el("p", { class: "quiet" }, "How far RPC got: none, TCP, mapper (endpoint mapper), named (the MTA's endpoint), MTA (it answers)."),
    el("div", { class: "wide" }, el("table", { class: "facts compact probes" },
      el("thead", {},
        el("tr", {}, el("th", { scope: "col", rowspan: 2 }, "Peer"),
          judged.map((a) => el("th", { scope: "colgroup", colspan: 2 }, value(a.id)))),
        el("tr", {}, judged.map(() => [el("th", { scope: "col" }, "out"), el("th", { scope: "col", class: "in" }, "in")]))),
      el("tbody", {}, peers.map((peer) => peerRow(peer, server, details))))));
}
