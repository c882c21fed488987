/*
 * The sections of a server's page that show what its report says, a component each; and its probes,
 * both ways: out from each of its adapters to each peer as the collector judged it, and in from the
 * peers to each adapter's addresses, as their own reports have it.
 */

import { ApiError, get, paths } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Chip, DataTable, Moment, Pair, Quiet, Section, TextCell, Wide } from "./parts.js";
import { ADAPTER_STATES, addressWords, duration, errorWords, GRADES, reachWords, serviceWord } from "./words.js";

/* ---- mta ---- */

function Event({ event }) {
  return html`<span class="event"><code>${event.id}</code>
    ${event.nt_error ? html`<code class="bad-text">NT Error ${event.nt_error}</code>` : null}
    <span class="sub"><bdi>${event.text}</bdi></span></span>`;
}

function Outcome({ of }) {
  if (!of) return of;
  return html`<strong class=${of === "failed" ? "bad-text" : ""}>${of === "failed" ? "failed" : "went well"}</strong>`;
}

function Start({ term, start }) {
  if (!start) return null;
  return html`<${Pair} term=${term}><${Outcome} of=${start.outcome} /> <${Moment} at=${start.at} />
    ${(start.events ?? []).map((event) => html`<${Event} event=${event} />`)}<//>`;
}

const isMissing = (report, fact) => (report.problems ?? []).some((problem) => problem.fact === fact);

function LogSize({ log }) {
  return html`<span class="sub">${(log.records ?? 0).toLocaleString()} records
    ${log.oldest_at && html`, from <${Moment} at=${log.oldest_at} /> to <${Moment} at=${log.newest_at} />`}</span>`;
}

/* Shown where the log was read to its end. */
function NoneFailed({ since }) {
  return html`<span class="sub">No failed start since <${Moment} at=${since} />, where the log begins</span>`;
}

/** The event log that was read: how far back it reaches, what of it is damaged or left out. */
function EventLog({ log, noneFailed }) {
  if (!log) return null;
  return html`<${Pair} term="Event log"><bdi>${log.path}</bdi><${LogSize} log=${log} />
    ${log.lost ? html`<span class="sub warn-text">${log.lost} damaged</span>` : null}
    ${log.foreign ? html`<span class="sub">${log.foreign} of the MTA on other computers, left out</span>` : null}
    ${noneFailed && log.oldest_at ? html`<${NoneFailed} since=${log.oldest_at} />` : null}<//>`;
}

export function Mta({ server }) {
  const facts = server.report?.mta;
  if (!facts) return html`<${Section} title="MTA service" id="mta"><${Quiet}>Not known.<//><//>`;
  const { last_start: last, last_failure: failure } = facts;
  const lastFailed = failure && last && failure.at === last.at;
  return html`<${Section} title="MTA service" id="mta"><dl class="pairs">
    <${Pair} term="Service">${serviceWord(facts.service)}${facts.start_type && `, start type ${facts.start_type}`}<//>
    ${facts.exit_code ? html`<${Pair} term="Exit code">${facts.exit_code}<//>` : null}
    ${facts.rpc_port ? html`<${Pair} term="Static RPC port">${facts.rpc_port}<//>` : null}
    <${Start} term="Last start" start=${last} />
    ${!lastFailed && html`<${Start} term="Last failure" start=${failure} />`}
    <${EventLog} log=${facts.log} noneFailed=${!failure && !isMissing(server.report, "mta.events")} /></dl><//>`;
}

/* ---- adapters ---- */

function Address({ address }) {
  return html`<div><bdi>${address}</bdi> <span class="sub warn-text">${addressWords(address)}</span></div>`;
}

function Lookup({ lookup }) {
  const error = lookup.reverse_error || lookup.forward_error;
  const text = error ? `name lookup error ${error}` : lookup.name ?? "no name";
  return html`<div class=${error ? "sub warn-text" : "sub"}><bdi>${`${lookup.address}: ${text}`}</bdi></div>`;
}

function AdapterRow({ judged, facts = {} }) {
  const [word, tone] = ADAPTER_STATES[judged.state] ?? [judged.state, "none"];
  return html`<tr><th scope="row"><bdi>${judged.id}</bdi><span class="sub"><bdi>${facts.description}</bdi></span></th>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <td>${(facts.addresses ?? []).map((address) => html`<${Address} address=${address} />`)}
      ${(facts.lookups ?? []).map((lookup) => html`<${Lookup} lookup=${lookup} />`)}</td>
    <td>${facts.enabled === false ? "disabled" : `link ${facts.link ?? "not known"}`}
      <span class="sub"><bdi>${facts.mac}</bdi></span></td></tr>`;
}

const ADAPTER_HEADS = ["Adapter", "Judged", "Addresses, names", "State"];

/* The report has the facts of the adapters mostly in the order of the collector's judgements. */
function factsOf(judged, i, facts) {
  return facts[i]?.id === judged.id ? facts[i] : facts.find((f) => f.id === judged.id);
}

export function Adapters({ server }) {
  const facts = server.report?.adapters ?? [];
  return html`<${Section} title="Adapters" id="adapters">
    <${DataTable} label="Adapters" heads=${ADAPTER_HEADS} none="None known.">
      ${server.adapters.map((judged, i) => html`<${AdapterRow} key=${i} judged=${judged}
        facts=${factsOf(judged, i, facts)} />`)}<//><//>`;
}

/* ---- files ---- */

function fixState(file) {
  if (file.meets === true) return ["in", "ok"];
  if (file.meets === false) return ["older", "warn"];
  if (file.state === "versioned") return ["not judged", "none"];
  if (file.state === "unversioned") return ["no version", "none"];
  return [file.state ?? "not reported", "bad"];
}

function FileRow({ file }) {
  const [word, tone] = fixState(file);
  return html`<tr><th scope="row" title=${file.path}><bdi>${file.name}</bdi></th>
    <${TextCell}>${file.version ?? "–"}<//><${TextCell}>${file.required ?? "–"}<//>
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

const FILE_HEADS = ["File", "Version", "Required", "Fix", "Date", "Bytes", "SHA-256"];

function FileTable({ files }) {
  return html`<${Quiet}>Emsmta.exe decides; the others complete the set.<//>
    <${DataTable} label="Files of the fix" kind="compact" heads=${FILE_HEADS}>
      ${files.map((file) => html`<${FileRow} key=${file.name} file=${file} />`)}<//>`;
}

export function Files({ server }) {
  const files = filesOf(server);
  return html`<${Section} title="Files of the fix" id="files" wide>
    ${files.length === 0 ? html`<${Quiet}>None reported.<//>` : html`<${FileTable} files=${files} />`}<//>`;
}

/* ---- host ---- */

function exchangeText({ version, service_pack: pack, build, clustered }) {
  return [version, pack ? `SP${pack}` : "", build && `build ${build}`, clustered ? "on a cluster" : ""]
    .filter(Boolean).join(", ") || "not known";
}

function agentText({ version, platform }) {
  return [version, platform].filter(Boolean).join(", ") || "not known";
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
    <${Pair} term="Report"><${Moment} at=${server.reported_at} />
      ${server.interval_s ? `, every ${server.interval_s} s` : ""}
      ${report.duration_ms === undefined ? "" : `, made in ${(report.duration_ms / 1000).toFixed(1)} s`}<//>
    <${Pair} term="Agent"><bdi>${agentText(agent)}</bdi><//></dl><//>`;
}

/* ---- problems ---- */

function Problem({ problem: { fact, message, code } }) {
  return html`<li><code><bdi>${fact}</bdi></code> <bdi>${message}</bdi>${code ? ` (${code})` : ""}</li>`;
}

export function Problems({ server }) {
  const problems = server.report?.problems ?? [];
  if (problems.length === 0) return null;
  return html`<${Section} title="Could not be read" id="problems">
    <ul>${problems.map((problem) => html`<${Problem} problem=${problem} />`)}</ul><//>`;
}

/* ---- raw ---- */

function ReportText({ server }) {
  return html`<p><a class="link" href=${paths.report(server.server)} download="report.json">
      As a file, for mtawatch-collector assess</a></p>
    <pre tabindex="0">${JSON.stringify(server.report, null, 1)}</pre>`;
}

export function Raw({ server }) {
  const [open, setOpen] = useState(false);
  if (!server.report) return null;
  return html`<${Section} title="Raw report" id="raw" wide>
    <details open=${open} onToggle=${(event) => setOpen(event.target.open)}><summary>Report as JSON</summary>
      ${open && html`<${ReportText} server=${server} />`}</details><//>`;
}

/* ---- probes ---- */

const PEERS_EVERY_MS = 15000; // the reports of peers are asked for less often
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
    const load = async () => {
      if (document.hidden) return;
      const answers = await Promise.allSettled(peers.map((peer) => detailOf(peer, server)));
      const broken = answers.find((a) => a.status === "rejected" && !(a.reason instanceof ApiError));
      if (broken) console.error(broken.reason);
      if (!cancelled) setDetails(Object.fromEntries(peers.map((peer, i) => [peer, answers[i].value])));
    };
    load();
    const timer = setInterval(load, PEERS_EVERY_MS);
    return () => {
      cancelled = true;
      clearInterval(timer);
    };
  }, [server.server, key]);
  return details;
}

function BothWays({ peer, adapter, facts, detail }) {
  const path = adapter.paths.find((p) => p.peer === peer);
  return html`<td><${Outward} path=${path} /></td><td class="in"><${Inward} detail=${detail} adapter=${facts} /></td>`;
}

function PeerRow({ peer, server, detail }) {
  const facts = server.report?.adapters ?? [];
  return html`<tr><th scope="row"><bdi>${peer}</bdi></th>
    ${server.adapters.map((adapter) => html`<${BothWays} peer=${peer} adapter=${adapter}
      facts=${facts.find((f) => f.id === adapter.id)} detail=${detail} />`)}</tr>`;
}

function ProbeHeads({ adapters }) {
  return html`<thead><tr><th scope="col" rowspan="2">Peer</th>
      ${adapters.map(({ id }) => html`<th scope="colgroup" colspan="2"><bdi>${id}</bdi></th>`)}</tr>
    <tr>${adapters.map(() => html`<th scope="col">out</th><th scope="col" class="in">in</th>`)}</tr></thead>`;
}

export function Probes({ server }) {
  const { adapters } = server;
  const peers = [...new Set(adapters.flatMap((a) => a.paths.map((path) => path.peer)))];
  const details = usePeers(server, peers);
  if (peers.length === 0) return html`<${Section} title="Probes" id="probes"><${Quiet}>No peer was probed.<//><//>`;
  return html`<${Section} title="Probes, both ways" id="probes">
    <${Quiet}>How far RPC got: none, TCP, mapper (endpoint mapper), named (the MTA's endpoint), MTA (it answers).<//>
    <${Wide} label="Probes, both ways"><table class="facts compact probes"><${ProbeHeads} adapters=${adapters} />
      <tbody>${peers.map((peer) => html`<${PeerRow} key=${peer} peer=${peer} server=${server}
        detail=${details[peer]} />`)}</tbody></table><//><//>`;
}
