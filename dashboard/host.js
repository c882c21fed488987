/* The machine, its Exchange, its agent and the report. */

import { html } from "./html.js";
import { Pair, Section } from "./section.js";
import { Moment } from "./when.js";

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
