/* The details of one server: asked for while they are open, shown beside the list. */

import * as api from "./api.js";
import { byId, el, fill, value } from "./dom.js";
import { badge } from "./list.js";
import { place } from "./place.js";
import { adapters, files, host, mta, problems, raw, reasons, remedy } from "./facts.js";
import { probes } from "./probes.js";
import { localTime, utc } from "./words.js";

const PEERS_EVERY_MS = 15000; // their side of the probes is asked for less often

let shownName = "";
let shownBodies = "";
const peers = { name: "", askedAt: -Infinity, details: [] };

function head(server) {
  fill(byId("detail-name"), value(server.server));
  fill(byId("detail-place"), value([server.organization, server.site].filter(Boolean).join(" / ") || "no site"),
    server.since && [" · since ", el("time", { datetime: server.since, title: utc(server.since) }, localTime(server.since))]);
  fill(byId("detail-badge"), badge(server));
}

/* What a reader unfolded stays unfolded when the facts are new. */
function body(server, details) {
  const node = byId("detail-body");
  const open = [...node.querySelectorAll("details[open]")].map((d) => d.dataset.fold);
  fill(node, reasons(server), remedy(server), adapters(server), probes(server, details), mta(server),
    files(server), problems(server), host(server), raw(server));
  for (const fold of node.querySelectorAll("details")) if (open.includes(fold.dataset.fold)) fold.open = true;
}

/* The details of the servers that this one probed: they tell how it looks from there. */
async function askPeers(server, list) {
  const now = performance.now();
  if (peers.name === server.server && now - peers.askedAt < PEERS_EVERY_MS) return peers.details;
  const names = new Set((server.adapters ?? []).flatMap((a) => (a.paths ?? []).map((p) => p.peer.toLowerCase())));
  const hosts = list.filter((s) => s.organization === server.organization && s.site === server.site &&
    s.server !== server.server && names.has((s.exchange_server ?? s.server).toLowerCase()));
  const answers = await Promise.allSettled(hosts.map((s) => api.server(s.server)));
  Object.assign(peers, { name: server.server, askedAt: now,
    details: answers.filter((a) => a.status === "fulfilled").map((a) => a.value.body) });
  return peers.details;
}

function lay(name) {
  const changedServer = name !== shownName;
  if (changedServer) {
    if (shownName) api.forget(shownName);
    shownName = name;
    shownBodies = "";
    fill(byId("detail-name"), value(name));
    fill(byId("detail-place"));
    fill(byId("detail-badge"));
    fill(byId("detail-body"), el("p", { class: "quiet" }, "Asking the collector"));
    byId("detail-body").scrollTop = 0;
  }
  byId("detail").hidden = false;
  document.body.classList.add("has-detail");
}

/** Opens them, or brings them up to date. `list`: all servers, to find its peers. */
export async function showDetail(name, list, { focus = false } = {}) {
  lay(name);
  if (focus) byId("detail-name").focus({ preventScroll: true });
  try {
    const { body: server } = await api.server(name);
    const details = await askPeers(server, list);
    if (place.server !== name) return; // the reader went on meanwhile
    const bodies = JSON.stringify([server, details]);
    if (bodies === shownBodies) return;
    shownBodies = bodies;
    head(server);
    body(server, details);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (place.server !== name || shownBodies) return; // what is there stays; the page says it is old
    fill(byId("detail-body"), el("p", { class: "quiet" }, error.status === 404
      ? "The collector knows no server of this name." : `The collector gives no details: ${error.message}.`));
  }
}

export function closeDetail() {
  if (shownName) api.forget(shownName);
  shownName = shownBodies = "";
  byId("detail").hidden = true;
  document.body.classList.remove("has-detail");
}
