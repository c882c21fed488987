/* The sections of the details, one function each: a server object in, an element or null out. */

import { el, value } from "./dom.js";
import { secondsSince } from "./time.js";
import { ADAPTER_STATES, ALL_REACH, duration, glyph, GRADE_MEANING, localTime, serviceWord, utc, verdictWord } from "./words.js";

const FIXED_IN = "5.5.2654.54"; // Q285350; the collector says so in its evidence where it judged a file

export function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

export function moment(text) {
  return text ? el("time", { datetime: text, title: utc(text) }, localTime(text)) : "not known";
}

function pair(term, ...content) {
  return [el("dt", {}, term), el("dd", {}, ...content)];
}

function badgeOf(verdict) {
  return el("span", { class: `badge v-${verdict}` }, glyph(verdict), verdictWord(verdict));
}

/* ---- why ---- */

function evidenceText(item) {
  return Array.isArray(item) ? item.join(" · ") : typeof item === "object" ? JSON.stringify(item) : item;
}

function evidence(reason) {
  const entries = Object.entries(reason.evidence ?? {});
  if (entries.length === 0) return null;
  return el("details", { "data-fold": `${reason.code} ${reason.text}` },
    el("summary", {}, el("code", {}, reason.code)),
    el("dl", { class: "pairs" }, entries.map(([key, item]) =>
      pair(key.replaceAll("_", " "), value(evidenceText(item))))));
}

export function reasons(server) {
  const items = (server.reasons ?? []).map((reason) => el("li", {}, el("p", {}, value(reason.text)),
    evidence(reason) ?? el("p", { class: "code" }, el("code", {}, reason.code))));
  const old = server.silent && el("p", { class: "note hatched" },
    `Silent: the last report is ${duration(secondsSince(server.reported_at) ?? 0)} old. `,
    "What follows was so when the server was last heard of.");
  return section("Why", old, items.length > 0 ? el("ul", { class: "reasons" }, items)
    : el("p", { class: "quiet" }, ALL_REACH));
}

/* ---- what to do ---- */

function step(item) {
  return el("li", {}, el("span", {}, value(item.text ?? item.action)),
    el("span", { class: "after" }, "then: ", badgeOf(item.verdict_after)));
}

function missingPath(path) {
  return el("li", {}, value(path.adapter), " to ", value(path.peer), ": ",
    path.grade ? GRADE_MEANING[path.grade] ?? path.grade : "not probed");
}

export function remedy(server) {
  const { options = [], text, missing_paths: missing = [] } = server.remedy ?? {};
  if (options.length === 0 && !text && missing.length === 0) return null;
  const title = options.length > 1 ? "What to do (one of these)" : "What to do";
  return section(title,
    text && el("p", {}, value(text)),
    missing.length > 0 && el("ul", {}, missing.map(missingPath)),
    options.map((option, i) => el("div", { class: "option" },
      options.length > 1 && el("h4", {}, `Option ${i + 1}`),
      el("ol", {}, (option.steps ?? []).map(step)))));
}

/* ---- adapters ---- */

function lookupText(lookup) {
  const error = lookup.reverse_error || lookup.forward_error;
  return error ? `${lookup.address}: name lookup error ${error}` : `${lookup.address}: ${lookup.name ?? "no name"}`;
}

function adapterRow(judged, facts = {}) {
  const [word, tone] = ADAPTER_STATES[judged.state] ?? [judged.state, "none"];
  return el("tr", {},
    el("th", { scope: "row" }, value(judged.id), el("span", { class: "sub" }, value(facts.description ?? ""))),
    el("td", {}, el("span", { class: `chip ${tone}` }, word)),
    el("td", {}, (facts.addresses ?? []).map((a) => el("div", {}, value(a))),
      (facts.lookups ?? []).map((l) => el("div", { class: l.reverse_error || l.forward_error ? "sub warn-text" : "sub" },
        value(lookupText(l))))),
    el("td", {}, facts.enabled === false ? "disabled" : `link ${facts.link ?? "not known"}`,
      el("span", { class: "sub" }, value(facts.mac ?? ""))));
}

export function adapters(server) {
  const facts = server.report?.adapters ?? [];
  const judged = server.adapters ?? [];
  if (judged.length === 0) return section("Adapters", el("p", { class: "quiet" }, "None known."));
  return section("Adapters", el("div", { class: "wide" }, el("table", { class: "facts" },
    el("thead", {}, el("tr", {}, ["Adapter", "Judged", "Addresses, names", "State"].map((t) => el("th", { scope: "col" }, t)))),
    el("tbody", {}, judged.map((a, i) => adapterRow(a, facts[i]?.id === a.id ? facts[i] : facts.find((f) => f.id === a.id)))))));
}

/* ---- the MTA ---- */

function startLine(title, start) {
  if (!start) return null;
  return [pair(title, start.outcome && el("strong", {}, start.outcome === "failed" ? "failed " : "went well "), moment(start.at)),
    (start.events ?? []).map((event) => pair("", el("span", { class: "event" }, el("code", {}, `${event.id}`),
      event.nt_error ? el("code", { class: "bad-text" }, `NT Error ${event.nt_error}`) : null,
      value(event.text ?? "", { class: "sub" }))))];
}

export function mta(server) {
  const facts = server.report?.mta;
  if (!facts) return section("MTA service", el("p", { class: "quiet" }, "Not known."));
  const { last_start: last, last_failure: failure } = facts;
  const sameFailure = failure && last && failure.at === last.at;
  return section("MTA service", el("dl", { class: "pairs" },
    pair("Service", serviceWord(facts.service), facts.start_type && ` (start type ${facts.start_type})`),
    facts.exit_code ? pair("Exit code", facts.exit_code) : null,
    facts.rpc_port ? pair("Static RPC port", facts.rpc_port) : null,
    startLine("Last start", last),
    sameFailure ? null : startLine("Last failure", failure)));
}

/* ---- files ---- */

function parts(version) {
  return version.split(".").map(Number);
}

function isOlder(version, required) {
  const a = parts(version).map((n, i) => (i === 0 && n === 6 && parts(version)[2] >= 2600 && parts(version)[2] < 2700 ? 5 : n));
  if (a[0] === 5 && parts(version)[0] === 6) a[1] = 5; // 6.0.26xx is 5.5.26xx (Q319936)
  const b = parts(required);
  for (let i = 0; i < 4; i++) if ((a[i] ?? 0) !== b[i]) return (a[i] ?? 0) < b[i];
  return false;
}

function fileState(file, required) {
  if (file.state === "versioned") return isOlder(file.version ?? "", required) ? ["older", "warn"] : ["in", "ok"];
  if (file.state === "unversioned") return ["no version", "none"];
  return [file.state ?? "not known", "bad"];
}

function fileRow(file, required) {
  const [word, tone] = fileState(file, required);
  return el("tr", {}, el("th", { scope: "row", title: file.path ?? null }, value(file.name ?? "")),
    el("td", {}, value(file.version ?? "–")), el("td", {}, el("span", { class: `chip ${tone}` }, word)),
    el("td", {}, file.modified ? file.modified.slice(0, 10) : ""),
    el("td", { class: "number-cell" }, file.size === undefined ? "" : file.size.toLocaleString()),
    el("td", { class: "hash", title: file.sha256 ?? null }, value((file.sha256 ?? "").slice(0, 12))));
}

export function files(server) {
  const list = server.report?.files ?? [];
  if (list.length === 0) return section("Files of the fix", el("p", { class: "quiet" }, "None reported."));
  const required = (server.reasons ?? []).map((r) => r.evidence?.required).find(Boolean) ?? FIXED_IN;
  return section("Files of the fix", el("p", { class: "quiet" }, `Emsmta.exe decides; the fix is ${required} or later.`),
    el("div", { class: "wide" }, el("table", { class: "facts compact" },
      el("thead", {}, el("tr", {}, ["File", "Version", "Fix", "Date", "Bytes", "SHA-256"].map((t) => el("th", { scope: "col" }, t)))),
      el("tbody", {}, list.map((f) => fileRow(f, required))))));
}

/* ---- the rest ---- */

export function problems(server) {
  const list = server.report?.problems ?? [];
  if (list.length === 0) return null;
  return section("Could not be read", el("ul", {}, list.map((p) => el("li", {}, el("code", {}, p.fact ?? ""), " ",
    value(p.message ?? ""), p.code ? ` (${p.code})` : ""))));
}

export function host(server) {
  const report = server.report ?? {}; // null: it has never reported
  const { agent = {}, host: machine = {}, exchange = {} } = report;
  return section("Host and report", el("dl", { class: "pairs" },
    pair("System", value(server.os ?? "not known")),
    machine.booted_at ? pair("Booted", moment(machine.booted_at)) : null,
    pair("Exchange", value([exchange.version, exchange.service_pack ? `SP${exchange.service_pack}` : "",
      exchange.build && `build ${exchange.build}`, exchange.clustered ? "on a cluster" : ""].filter(Boolean).join(", ") || "not known")),
    pair("Known to peers as", value(server.exchange_server ?? server.server)),
    exchange.directory ? pair("Installed in", value(exchange.directory)) : null,
    pair("Report", moment(server.reported_at), `, every ${server.interval_s} s`,
      report.duration_ms === undefined ? "" : `, made in ${(report.duration_ms / 1000).toFixed(1)} s`),
    pair("Agent", value([agent.version, agent.platform].filter(Boolean).join(", ") || "not known"))));
}

export function raw(server) {
  return el("section", {}, el("details", { "data-fold": "raw" }, el("summary", {}, "Report as JSON"),
    el("pre", { tabindex: "0" }, JSON.stringify(server.report ?? {}, null, 1))));
}
