/* The collectors that share a database: who judges, who runs, whose clock or settings are not as others'. */

import { forgetCollector, handOver, paths } from "./api.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Age, Button, Chip, DataTable, Dialog, MomentCell, NoAnswer, TextCell } from "./parts.js";
import { useHasRole } from "./reader.js";
import { count, duration } from "./words.js";

const HEADS = ["Name", "State", "Since", "Last seen", "Version", "Clock", "Address", "Other settings", ""];
const STATES = { judging: "judges", standby: "stands by", checking: "not ready", loading: "reads the store" };
const CLOCKS_APART_MS = 5000; // what is pointed out

function HandOverDialog({ node, onClose }) {
  return html`<${Dialog} title=${`Let ${node} judge?`} submit="Hand over" onSubmit=${() => handOver(node)}
    onClose=${onClose}><p>It takes some seconds, in which agents keep their reports. The collector that judges now
      begins anew and stands by; this page may have to be opened at the address of ${node}.</p><//>`;
}

function ForgetDialog({ node, onClose }) {
  return html`<${Dialog} title=${`Forget ${node}?`} submit="Forget" danger onSubmit=${() => forgetCollector(node)}
    onClose=${onClose}><p>It is in the list again if it is ever started.</p><//>`;
}

function State({ collector }) {
  if (!collector.runs && collector.state !== "ended") return html`<${Chip} tone="warn">silent<//>`;
  return STATES[collector.state] ?? collector.state;
}

function Clock({ ms }) {
  const words = `${duration(Math.round(Math.abs(ms) / 1000))} ${ms > 0 ? "fast" : "slow"}`;
  return Math.abs(ms) < CLOCKS_APART_MS ? "right" : html`<${Chip} tone="warn">${words}<//>`;
}

function Actions({ collector, onAsk }) {
  const ask = (what) => () => onAsk({ what, node: collector.node });
  if (collector.state === "standby" && collector.runs) return html`<${Button} onClick=${ask("judge")}>Let it judge<//>`;
  return !collector.runs && html`<${Button} onClick=${ask("forget")}>Forget<//>`;
}

function Row({ collector, mayChange, onAsk }) {
  const { node, since, seen_at: seenAt, version, url, clock_ahead_ms: ahead, settings_differ: differ } = collector;
  return html`<tr data-row=${node}><th scope="row"><bdi>${node}</bdi></th><td><${State} collector=${collector} /></td>
    <${MomentCell} at=${since} /><td class="when"><${Age} at=${seenAt} ago /></td><${TextCell}>${version}<//>
    <td>${collector.runs ? html`<${Clock} ms=${ahead} />` : "–"}</td><${TextCell}>${url ?? "–"}<//>
    <td>${differ ? html`<${Chip} tone="warn">${differ}<//>` : "–"}</td>
    <td class="actions">${mayChange && html`<${Actions} collector=${collector} onAsk=${onAsk} />`}</td></tr>`;
}

function Table({ collectors }) {
  const mayChange = useHasRole("admin");
  const [asked, setAsked] = useState(null);
  const close = () => setAsked(null);
  return html`<div class="card"><${DataTable} label="Collectors" kind="compact" heads=${HEADS}>
      ${collectors.map((collector) => html`<${Row} key=${collector.node} collector=${collector} mayChange=${mayChange}
        onAsk=${setAsked} />`)}<//></div>
    ${asked?.what === "judge" && html`<${HandOverDialog} node=${asked.node} onClose=${close} />`}
    ${asked?.what === "forget" && html`<${ForgetDialog} node=${asked.node} onClose=${close} />`}`;
}

export function Collectors() {
  const { body, error } = useAnswer(paths.collectors());
  if (!body) return html`<${NoAnswer} error=${error} />`;
  const { judge, judges_since: since, collectors } = body;
  if (collectors.length === 0) {
    return html`<p class="empty">This collector keeps everything itself. Several can share a database, so that one may
      die.</p>`;
  }
  const running = collectors.filter((collector) => collector.runs).length;
  return html`<div class="headline"><p class="quiet"><bdi>${judge ?? "Nobody"}</bdi> judges${since && html`, since
      <${Age} at=${since} />`}; ${count(running, "collector runs", "collectors run")}.</p></div>
    <${Table} collectors=${collectors} />`;
}
