/*
 * The probes of one server, both ways: out from each of its adapters to each peer as the collector
 * judged it, and in from the peers to each adapter's addresses, as their own reports have it.
 */

import { ApiError, get, paths } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Chip, Quiet, Section } from "./section.js";
import { duration, GRADE_MEANING, GRADES } from "./words.js";

const PEERS_EVERY_MS = 15000; // their side is asked for less often
const GRADE_WORD = { none: "none", tcp: "TCP", epm: "mapper", mapped: "named", mta: "MTA" };

function Grade({ grade, tone, title, note }) {
  return html`<${Chip} tone=${`grade ${tone}`} title=${title}>${GRADE_WORD[grade] ?? grade}<//>
    <span class="sub"><bdi>${note}</bdi></span>`;
}

function Outward({ path }) {
  if (!path?.grade) return html`<span class="quiet">–</span>`;
  const title = [`out: ${GRADE_MEANING[path.grade]}`, path.error && `(${path.error})`,
    path.for_s !== null && path.for_s !== undefined && `for ${duration(path.for_s)}`,
    path.proven && `; others proved: ${GRADE_MEANING[path.proven]}`,
    path.borrowed && "; only through another adapter"].filter(Boolean).join(" ");
  const tone = path.falls_short ? "bad" : path.borrowed ? "warn" : GRADES.indexOf(path.grade) >= 2 ? "ok" : "none";
  return html`<${Grade} grade=${path.grade} tone=${tone} title=${title}
    note=${path.error ?? (path.for_s ? duration(path.for_s) : "")} />`;
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
  const title = `in: from ${row.adapter} of ${detail.server} to ${row.to}: ${GRADE_MEANING[row.grade] ?? row.grade}` +
    (row.error ? ` (${row.error})` : "") + (detail.silent ? "; that report is old" : "");
  const tone = detail.silent ? "old" : GRADES.indexOf(row.grade) >= 2 ? "ok" : "none";
  return html`<${Grade} grade=${row.grade} tone=${tone} title=${title} note=${row.error ?? ""} />`;
}

const isPeer = (server, peer) => (server.exchange_server ?? server.server).toLowerCase() === peer.toLowerCase();

/* A peer's host mostly has its name; where it has not (a cluster), the search knows. */
async function detailOf(peer) {
  const { body } = await get(paths.servers(new URLSearchParams({ q: peer, limit: "20" })));
  const server = (body.servers ?? []).find((s) => isPeer(s, peer));
  return server ? (await get(paths.server(server.server))).body : null;
}

function usePeers(name, peers) {
  const [details, setDetails] = useState({});
  const key = peers.join("\n");
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      const answers = await Promise.allSettled(peers.map(detailOf));
      const broken = answers.find((a) => a.status === "rejected" && !(a.reason instanceof ApiError));
      if (broken) console.error(broken.reason);
      if (!gone) setDetails(Object.fromEntries(peers.map((peer, i) => [peer, answers[i].value])));
    };
    ask();
    const timer = setInterval(ask, PEERS_EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [name, key]);
  return details;
}

function PeerRow({ peer, server, detail }) {
  const facts = server.report?.adapters ?? [];
  return html`<tr><th scope="row"><bdi>${peer}</bdi></th>${server.adapters.map((adapter) => html`
    <td><${Outward} path=${(adapter.paths ?? []).find((path) => path.peer === peer)} /></td>
    <td class="in"><${Inward} detail=${detail} adapter=${facts.find((f) => f.id === adapter.id)} /></td>`)}</tr>`;
}

export function Probes({ server }) {
  const adapters = server.adapters ?? [];
  const peers = [...new Set(adapters.flatMap((a) => (a.paths ?? []).map((path) => path.peer)))];
  const details = usePeers(server.server, peers);
  if (peers.length === 0) return html`<${Section} title="Probes" id="probes"><${Quiet}>No peer was probed.<//><//>`;
  return html`<${Section} title="Probes, both ways" id="probes">
    <${Quiet}>How far RPC got: none, TCP, mapper (endpoint mapper), named (the MTA's endpoint), MTA (it answers).<//>
    <div class="wide" tabindex="0" role="region" aria-label="Probes, both ways"><table class="facts compact probes"><thead>
      <tr><th scope="col" rowspan="2">Peer</th>${adapters.map((a) => html`<th scope="colgroup" colspan="2"><bdi>${a.id}</bdi></th>`)}</tr>
      <tr>${adapters.map(() => html`<th scope="col">out</th><th scope="col" class="in">in</th>`)}</tr></thead>
      <tbody>${peers.map((peer) => html`<${PeerRow} key=${peer} peer=${peer} server=${server} detail=${details[peer]} />`)}</tbody></table></div><//>`;
}
