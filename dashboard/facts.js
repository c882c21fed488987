/*
 * The sections of a server's page that show what its report says, a component each; and its probes,
 * both ways: out from each of its adapters to each peer as the collector judged it, and in from the
 * peers to each adapter's addresses, as their own reports have it.
 */

import { ApiError, get, paths } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Chip, DataTable, Moment, Pair, Quiet, Section } from "./parts.js";
import { ADAPTER_STATES, addressWords, duration, errorWords, GRADES, reachWords, serviceWord } from "./words.js";

/* ---- mta ---- */

function Event({ event }) {
  return html`<span class="event"><code>${event.id}</code>
    ${event.nt_error ? html`<code class="bad-text">NT Error ${event.nt_error}</code>` : null}
    <span class="sub"><bdi>${event.text}</bdi></span></span>`;
}

function Start({ term, start }) {
  if (!start) return null;
  const outcome = start.outcome && html`<strong class=${start.outcome === "failed" ? "bad-text" : ""}>${start.outcome === "failed"
    ? "failed" : "went well"}</strong>`;
  return html`<${Pair} term=${term}>${outcome} <${Moment} at=${start.at} />
    ${(start.events ?? []).map((event) => html`<${Event} event=${event} />`)}<//>`;
}

const isMissing = (report, fact) => (report.problems ?? []).some((problem) => problem.fact === fact);

/** How far back the log that was read reaches; and that nothing failed since, where it was read to its end. */
function Log({ log, noneFailed }) {
  if (!log) return null;
  const begins = html`<${Moment} at=${log.oldest_at} />`;
  return html`<${Pair} term="Event log"><bdi>${log.path}</bdi>
    <span class="sub">${(log.records ?? 0).toLocaleString()} records${log.oldest_at && html`, from ${begins} to <${Moment} at=${log.newest_at} />`}</span>
    ${log.lost ? html`<span class="sub warn-text">${log.lost} damaged</span>` : null}
    ${log.foreign ? html`<span class="sub">${log.foreign} of the MTA on other computers, left out</span>` : null}
    ${noneFailed && log.oldest_at ? html`<span class="sub">No failed start since ${begins}, where the log begins</span>` : null}<//>`;
}

export function Mta({ server }) {
  const facts = server.report?.mta;
  if (!facts) return html`<${Section} title="MTA service" id="mta"><${Quiet}>Not known.<//><//>`;
  const { last_start: last, last_failure: failure } = facts;
  const same = failure && last && failure.at === last.at;
  return html`<${Section} title="MTA service" id="mta"><dl class="pairs">
    <${Pair} term="Service">${serviceWord(facts.service)}${facts.start_type && `, start type ${facts.start_type}`}<//>
    ${facts.exit_code ? html`<${Pair} term="Exit code">${facts.exit_code}<//>` : null}
    ${facts.rpc_port ? html`<${Pair} term="Static RPC port">${facts.rpc_port}<//>` : null}
    <${Start} term="Last start" start=${last} />
    ${!same && html`<${Start} term="Last failure" start=${failure} />`}
    <${Log} log=${facts.log} noneFailed=${!failure && !isMissing(server.report, "mta.events")} /></dl><//>`;
}

/* ---- adapters ---- */

function Lookup({ lookup }) {
  const error = lookup.reverse_error || lookup.forward_error;
  return html`<div class=${error ? "sub warn-text" : "sub"}><bdi>${error
    ? `${lookup.address}: name lookup error ${error}` : `${lookup.address}: ${lookup.name ?? "no name"}`}</bdi></div>`;
}

function Adapter({ judged, facts = {} }) {
  const [word, tone] = ADAPTER_STATES[judged.state] ?? [judged.state, "none"];
  return html`<tr><th scope="row"><bdi>${judged.id}</bdi><span class="sub"><bdi>${facts.description}</bdi></span></th>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <td>${(facts.addresses ?? []).map((address) => html`<div><bdi>${address}</bdi> <span class="sub warn-text">${addressWords(address)}</span></div>`)}
      ${(facts.lookups ?? []).map((lookup) => html`<${Lookup} lookup=${lookup} />`)}</td>
    <td>${facts.enabled === false ? "disabled" : `link ${facts.link ?? "not known"}`}
      <span class="sub"><bdi>${facts.mac}</bdi></span></td></tr>`;
}

export function Adapters({ server }) {
  const facts = server.report?.adapters ?? [];
  const judged = server.adapters;
  return html`<${Section} title="Adapters" id="adapters">${judged.length === 0 ? html`<${Quiet}>None known.<//>`
    : html`<${DataTable} label="Adapters" heads=${["Adapter", "Judged", "Addresses, names", "State"]}>
      ${judged.map((adapter, i) => html`<${Adapter} key=${i} judged=${adapter}
        facts=${facts[i]?.id === adapter.id ? facts[i] : facts.find((f) => f.id === adapter.id)} />`)}<//>`}<//>`;
}

/* ---- files ---- */

function judged(file) {
  if (file.meets === true) return ["in", "ok"];
  if (file.meets === false) return ["older", "warn"];
  if (file.state === "versioned") return ["not judged", "none"];
  if (file.state === "unversioned") return ["no version", "none"];
  return [file.state ?? "not reported", "bad"];
}

function File({ file }) {
  const [word, tone] = judged(file);
  return html`<tr><th scope="row" title=${file.path}><bdi>${file.name}</bdi></th>
    <td><bdi>${file.version ?? "–"}</bdi></td><td><bdi>${file.required ?? "–"}</bdi></td>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <td>${file.modified ? html`<${Moment} at=${file.modified} />` : "–"}</td>
    <td class="number-cell">${typeof file.size === "number" ? file.size.toLocaleString() : "–"}</td>
    <td class="hash" title=${file.sha256}><bdi>${file.sha256?.slice(0, 12)}</bdi></td></tr>`;
}

/* The collector's judgement of each, with the path and the hash that the report has. */
function filesOf(server) {
  const reported = server.report?.files ?? [];
  const byName = new Map(reported.map((file) => [String(file.name).toLowerCase(), file]));
  return server.files.map((file) => ({ ...byName.get(file.name.toLowerCase()), ...file }));
}

export function Files({ server }) {
  const files = filesOf(server);
  return html`<${Section} title="Files of the fix" id="files" wide>${files.length === 0
    ? html`<${Quiet}>None reported.<//>` : html`<${Quiet}>Emsmta.exe decides; the others complete the set.<//>
      <${DataTable} label="Files of the fix" kind="compact" heads=${["File", "Version", "Required", "Fix", "Date", "Bytes", "SHA-256"]}>
        ${files.map((file) => html`<${File} key=${file.name} file=${file} />`)}<//>`}<//>`;
}

/* ---- host ---- */

function exchangeText({ version, service_pack: pack, build, clustered }) {
  return [version, pack ? `SP${pack}` : "", build && `build ${build}`, clustered ? "on a cluster" : ""]
    .filter(Boolean).join(", ") || "not known";
}

export function Host({ server }) {
  const report = server.report ?? {};
  const { agent = {}, host = {}, exchange = {} } = report;
  return html`<${Section} title="Host and report" id="host"><dl class="pairs">
    <${Pair} term="System"><bdi>${server.os ?? "not known"}</bdi><//>
    ${host.booted_at && html`<${Pair} term="Booted"><${Moment} at=${host.booted_at} /><//>`}
    <${Pair} term="Exchange"><bdi>${exchangeText(exchange)}</bdi><//>
    <${Pair} term="Known to peers as"><bdi>${server.exchange_server ?? server.server}</bdi><//>
    ${exchange.directory && html`<${Pair} term="Installed in"><bdi>${exchange.directory}</bdi><//>`}
    <${Pair} term="Report"><${Moment} at=${server.reported_at} />${server.interval_s ? `, every ${server.interval_s} s` : ""}
      ${report.duration_ms === undefined ? "" : `, made in ${(report.duration_ms / 1000).toFixed(1)} s`}<//>
    <${Pair} term="Agent"><bdi>${[agent.version, agent.platform].filter(Boolean).join(", ") || "not known"}</bdi><//></dl><//>`;
}

/* ---- problems ---- */

export function Problems({ server }) {
  const problems = server.report?.problems ?? [];
  if (problems.length === 0) return null;
  return html`<${Section} title="Could not be read" id="problems"><ul>${problems.map((problem) => html`<li>
    <code><bdi>${problem.fact}</bdi></code> <bdi>${problem.message}</bdi>${problem.code ? ` (${problem.code})` : ""}</li>`)}</ul><//>`;
}

/* ---- raw ---- */

export function Raw({ server }) {
  const [open, setOpen] = useState(false);
  if (!server.report) return null;
  return html`<${Section} title="Raw report" id="raw" wide>
    <details open=${open} onToggle=${(event) => setOpen(event.target.open)}><summary>Report as JSON</summary>
      ${open && html`<p><a class="link" href=${paths.report(server.server)} download="report.json">As a file, for mtawatch-collector assess</a></p>
        <pre tabindex="0">${JSON.stringify(server.report, null, 1)}</pre>`}</details><//>`;
}

/* ---- probes ---- */

const PEERS_EVERY_MS = 15000; // their side is asked for less often
const GRADE_WORD = { none: "none", tcp: "TCP", epm: "mapper", mapped: "named", mta: "MTA" };

function Grade({ grade, tone, title, note }) {
  return html`<${Chip} tone=${`grade ${tone}`} title=${title}>${GRADE_WORD[grade] ?? grade}<//>
    <span class="sub"><bdi>${note}</bdi></span>`;
}

function Outward({ path }) {
  if (!path?.grade) return html`<span class="quiet">–</span>`;
  const title = [`out: ${reachWords(path)}`, path.error && `(${errorWords(path.error)})`,
    path.for_s != null && `for ${duration(path.for_s)}`,
    path.proven && `; others proved: ${reachWords({ grade: path.proven })}`,
    path.borrowed && "; only through another adapter"].filter(Boolean).join(" ");
  const tone = path.falls_short ? "bad" : path.borrowed ? "warn" : GRADES.indexOf(path.grade) >= 2 ? "ok" : "none";
  return html`<${Grade} grade=${path.grade} tone=${tone} title=${title}
    note=${path.error ? errorWords(path.error) : path.for_s && duration(path.for_s)} />`;
}

/* The best of the peer's rows that aim at this adapter. */
function bestInward(detail, adapter) {
  const own = new Set((adapter?.addresses ?? []).map((address) => address.split("/")[0]));
  const rows = (detail.report?.probes ?? []).filter((row) => own.has(row.to));
  return rows.reduce((best, row) =>
    !best || GRADES.indexOf(row.grade) > GRADES.indexOf(best.grade) ? row : best, null);
}

function Inward({ detail, adapter }) {
  const row = detail && bestInward(detail, adapter);
  if (!row) return html`<span class="quiet">–</span>`;
  const title = `in: from ${row.adapter} of ${detail.server} to ${row.to}: ${reachWords(row)}` +
    (row.error ? ` (${errorWords(row.error)})` : "") + (detail.silent ? "; that report is old" : "");
  const tone = detail.silent ? "old" : GRADES.indexOf(row.grade) >= 2 ? "ok" : "none";
  return html`<${Grade} grade=${row.grade} tone=${tone} title=${title} note=${errorWords(row.error)} />`;
}

const isPeer = (server, peer) => (server.exchange_server ?? server.server).toLowerCase() === peer.toLowerCase();

/* A peer's host mostly has its name; where it has not (a cluster), the search knows. */
async function detailOf(peer, { organization, site }) {
  const query = { q: peer, sort: "server", limit: "100", organization: organization ?? "", site: site ?? "" };
  const { body } = await get(paths.servers(new URLSearchParams(query)));
  const server = body.servers.find((s) => isPeer(s, peer));
  return server ? (await get(paths.server(server.server))).body : null;
}

function usePeers(server, peers) {
  const [details, setDetails] = useState({});
  const key = peers.join("\n");
  useEffect(() => {
    let cancelled = false;
    const ask = async () => {
      if (document.hidden) return;
      const answers = await Promise.allSettled(peers.map((peer) => detailOf(peer, server)));
      const broken = answers.find((a) => a.status === "rejected" && !(a.reason instanceof ApiError));
      if (broken) console.error(broken.reason);
      if (!cancelled) setDetails(Object.fromEntries(peers.map((peer, i) => [peer, answers[i].value])));
    };
    ask();
    const timer = setInterval(ask, PEERS_EVERY_MS);
    return () => {
      cancelled = true;
      clearInterval(timer);
    };
  }, [server.server, key]);
  return details;
}

function PeerRow({ peer, server, detail }) {
  const facts = server.report?.adapters ?? [];
  return html`<tr><th scope="row"><bdi>${peer}</bdi></th>${server.adapters.map((adapter) => html`
    <td><${Outward} path=${adapter.paths.find((path) => path.peer === peer)} /></td>
    <td class="in"><${Inward} detail=${detail} adapter=${facts.find((f) => f.id === adapter.id)} /></td>`)}</tr>`;
}

export function Probes({ server }) {
  const { adapters } = server;
  const peers = [...new Set(adapters.flatMap((a) => a.paths.map((path) => path.peer)))];
  const details = usePeers(server, peers);
  if (peers.length === 0) return html`<${Section} title="Probes" id="probes"><${Quiet}>No peer was probed.<//><//>`;
  return html`<${Section} title="Probes, both ways" id="probes">
    <${Quiet}>How far RPC got: none, TCP, mapper (endpoint mapper), named (the MTA's endpoint), MTA (it answers).<//>
    <div class="wide" tabindex="0" role="region" aria-label="Probes, both ways"><table class="facts compact probes"><thead>
      <tr><th scope="col" rowspan="2">Peer</th>${adapters.map((a) => html`<th scope="colgroup" colspan="2"><bdi>${a.id}</bdi></th>`)}</tr>
      <tr>${adapters.map(() => html`<th scope="col">out</th><th scope="col" class="in">in</th>`)}</tr></thead>
      <tbody>${peers.map((peer) => html`<${PeerRow} key=${peer} peer=${peer} server=${server} detail=${details[peer]} />`)}</tbody></table></div><//>`;
}
