/*
 * The network of a site as its matrix tells of it: each subnet a bus, each server a column with its adapters on the
 * buses, drawn as they were judged. Pointing at a server shows which others its adapters have reached, and its rows in
 * the matrix, which says all this as a table.
 */

import { paths } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Button, glyphOf, Link, Wide } from "./parts.js";
import { serverQuery } from "./place.js";
import { settings } from "./reader.js";
import { pointed, reachesOf } from "./sites.js";
import { ADAPTER_STATES, count, verdictWord } from "./words.js";

const MANY = 100; // servers that are legible side by side

/* ---- subnets ---- */

const NO_ADDRESS = "no address";
const numberOf = (address) => address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
const addressOf = (number) => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");

/** "10.0.0.11/24" is in "10.0.0.0/24"; 0.0.0.0 is what Windows calls an address that it does not have. */
function subnetOf(text) {
  const [, address, bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text ?? "") ?? [];
  if (!bits || address === "0.0.0.0") return NO_ADDRESS;
  const size = 2 ** (32 - Number(bits));
  return `${addressOf(Math.floor(numberOf(address) / size) * size)}/${bits}`;
}

/** {servers: [{name, silent, verdict, adapters: [{row, name, state, subnet, address}]}], buses: [{subnet, n}]}, those
    with most servers first. */
function networkOf(matrix, verdicts) {
  const servers = new Map();
  const buses = new Map();
  matrix.adapters.forEach(({ server, adapter, addresses, state, silent }, row) => {
    const verdict = verdicts.get(server);
    const subnet = subnetOf(addresses[0]);
    const address = subnet === NO_ADDRESS ? "" : addresses[0];
    if (!servers.has(server)) servers.set(server, { name: server, silent, verdict, adapters: [] });
    servers.get(server).adapters.push({ row, name: adapter, state, subnet, address });
    buses.set(subnet, (buses.get(subnet) ?? new Set()).add(server));
  });
  const sizes = [...buses].map(([subnet, names]) => ({ subnet, n: names.size }));
  return {
    servers: [...servers.values()],
    buses: sizes.sort((a, b) => (a.subnet === NO_ADDRESS) - (b.subnet === NO_ADDRESS) || b.n - a.n ||
      a.subnet.localeCompare(b.subnet)),
  };
}

/* ---- drawing ---- */

const LEFT = 150;      // of the first server: the names of the subnets stand there
const WIDTH = 54;      // of a server
const TOP = 132;       // of the first bus: the names of the servers stand above
const STEP = 46;       // from bus to bus
const BETWEEN = 19;    // adapters of one server

const busY = (buses, subnet) => TOP + 26 + buses.findIndex((bus) => bus.subnet === subnet) * STEP;
const serverX = (i) => LEFT + i * WIDTH + WIDTH / 2;
const adapterX = (i, k, n) => serverX(i) + (k - (n - 1) / 2) * BETWEEN;

const MARKS = { good: "✓", isolated: "✕", partial: "◆", borrowed: "↷" };

function Wire({ adapter, x, y }) {
  const [, tone] = ADAPTER_STATES[adapter.state] ?? [adapter.state, "none"];
  return html`<g class=${`wire w-${tone} s-${adapter.state}`}>
    <line x1=${x} y1=${TOP} x2=${x} y2=${y - 8} /><circle cx=${x} cy=${y} r="8" />
    <text x=${x} y=${y + 4}>${MARKS[adapter.state] ?? "·"}</text></g>`;
}

function adapterWords({ name, state, subnet, address }) {
  return `${name} ${address ? `(${address}) on ${subnet}` : "without an address"}: ` +
    `${(ADAPTER_STATES[state]?.[0] ?? state).toLowerCase()}`;
}

function serverWords({ name, verdict, silent, adapters }) {
  return `${name}, ${silent ? "silent" : verdictWord(verdict).toLowerCase()}. ${adapters.map(adapterWords).join(". ")}`;
}

function Server({ server, i, buses, mark }) {
  const x = serverX(i);
  const of = server.silent ? "silent" : server.verdict ?? "unknown";
  const point = () => pointed.set({ server: server.name });
  const leave = () => pointed.set({ server: "" });
  return html`<g class=${`host v-${of} ${mark}`}>
    <${Link} to=${{ server: server.name }} aria-label=${serverWords(server)} onMouseEnter=${point} onMouseLeave=${leave}
      onFocus=${point} onBlur=${leave}>
      <title>${serverWords(server)}</title>
      <rect x=${x - WIDTH / 2 + 3} y="4" width=${WIDTH - 6} height=${TOP - 4} rx="5" />
      <text class="host-name" transform=${`translate(${x + 4} ${TOP - 30}) rotate(-90)`}>${server.name}</text>
      <g transform=${`translate(${x - 8} ${TOP - 22})`} class="glyph">${glyphOf(of)}</g><//>
    ${server.adapters.map((adapter, k) => html`<${Wire} key=${adapter.row} adapter=${adapter}
      x=${adapterX(i, k, server.adapters.length)} y=${busY(buses, adapter.subnet)} />`)}</g>`;
}

function Bus({ bus, y, right }) {
  const alone = bus.n === 1 && bus.subnet !== NO_ADDRESS;
  return html`<g class=${alone ? "bus alone" : "bus"}><text x="0" y=${y - 2}>${bus.subnet}</text>
    <text class="bus-size" x="0" y=${y + 12}>${alone ? "leads to no other server" : count(bus.n, "server")}</text>
    <line x1=${LEFT - 6} y1=${y} x2=${right} y2=${y} /></g>`;
}

/** What pointing at a server makes of another: "reached", "missed", or "" where nobody tried. */
function markOf(name, reaches) {
  if (!reaches) return "";
  if (reaches.from === name) return "pointed";
  if (reaches.reached.has(name)) return "reached";
  return reaches.missed.has(name) ? "missed" : "apart";
}

function Drawing({ matrix, network }) {
  const { servers, buses } = network;
  const name = pointed.use((state) => state.server);
  const reaches = servers.some((server) => server.name === name) ? reachesOf(matrix, name) : null;
  const right = LEFT + servers.length * WIDTH + 8;
  const height = TOP + buses.length * STEP + 8;
  return html`<${Wide} label="The network, as a picture"><svg class="network" width=${right} height=${height}
    viewBox=${`0 0 ${right} ${height}`}>
    ${buses.map((bus) => html`<${Bus} key=${bus.subnet} bus=${bus} y=${busY(buses, bus.subnet)} right=${right} />`)}
    ${servers.map((server, i) => html`<${Server} key=${server.name} server=${server} i=${i} buses=${buses}
      mark=${markOf(server.name, reaches)} />`)}</svg><//>
    <p class="quiet" id="reach-words">${reachWords(servers, name, reaches)}</p>`;
}

function reachWords(servers, name, reaches) {
  if (!reaches) return "Point at a server, or go to it with Tab: whom its adapters have reached.";
  const parts = reaches.adapters.map(({ adapter, reached, probed }) => `${adapter} reached ${reached} of ${probed}`);
  return `${name}: ${parts.join(", ") || "nobody was probed"}.`;
}

/* ---- card ---- */

/* The part of a large site that is on one subnet. */
function partOf(network, subnet) {
  const servers = network.servers.filter(({ adapters }) => adapters.some((adapter) => adapter.subnet === subnet));
  const seen = new Set(servers.flatMap(({ adapters }) => adapters.map((adapter) => adapter.subnet)));
  return { servers: servers.slice(0, MANY), buses: network.buses.filter((bus) => seen.has(bus.subnet)) };
}

function SubnetChoice({ buses, chosen, onChoose }) {
  return html`<label class="trend-tools">Servers on <select id="subnet" onChange=${(e) => onChoose(e.target.value)}>
    ${buses.map(({ subnet, n }) => html`<option key=${subnet} value=${subnet} selected=${subnet === chosen}>
      ${`${subnet} (${n})`}</option>`)}</select></label>`;
}

function Body({ matrix, site }) {
  const query = serverQuery({ page: "servers", verdict: [], q: "", ...site });
  query.set("limit", 1000);
  const { body } = useAnswer(paths.servers(query));
  const [subnet, setSubnet] = useState("");
  const verdicts = new Map(body?.servers.map((server) => [server.server, server.verdict]));
  const network = networkOf(matrix, verdicts);
  if (network.servers.length <= MANY) return html`<${Drawing} matrix=${matrix} network=${network} />`;
  const chosen = subnet || network.buses[0].subnet;
  return html`<${SubnetChoice} buses=${network.buses} chosen=${chosen} onChoose=${setSubnet} />
    <${Drawing} matrix=${matrix} network=${partOf(network, chosen)} />`;
}

/** Of the site whose matrix that is; folded or not, as the browser remembers. */
export default function Network({ matrix, site }) {
  const isOpen = settings.use((state) => state.network === "open");
  return html`<section class="card trend" id="network" aria-label="Network">
    <${Button} class="fold" aria-expanded=${String(isOpen)}
      onClick=${() => settings.set({ network: isOpen ? "folded" : "open" })}>${isOpen ? "▾" : "▸"} Network<//>
    ${isOpen && html`<${Body} matrix=${matrix} site=${site} />`}</section>`;
}
