/*
 * What if, and plan: the changes that make a site safe, in order, and what any other changes would bring.
 * Nothing is changed here: the collector asks the rule about the facts as they would be.
 */

import { askWhatIf, paths } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { live, noteFailure, useAnswer } from "./live.js";
import {
  Button, Choices, DataTable, Field, Link, Main, NoAnswer, Quiet, Section, SiteChoice, siteAt, TextCell, VerdictBadge,
} from "./parts.js";
import { goTo, place } from "./place.js";
import { ADAPTER_STATES, count, reasonOf, VERDICTS, verdictWord } from "./words.js";

const PLAN_TICKS = 20; // polls from one request for a plan to the next: it takes the collector a while

/* ---- plan ---- */

const PREFERENCES = [["fix", "The fix first"], ["adapters", "Adapters first"]];

function Verdicts({ before, after }) {
  return html`<span class="then"><${VerdictBadge} verdict=${before} />
    ${after !== before && html`<span aria-label="then">→</span><${VerdictBadge} verdict=${after} />`}</span>`;
}

function ServerCell({ name }) {
  return html`<td><${Link} class="link" page="servers" to=${{ server: name }}><bdi>${name}</bdi><//></td>`;
}

function StepRow({ step, withOthers }) {
  const others = step.others.map((other) => (
    `${other.server}: ${verdictWord(other.before)}, then ${verdictWord(other.after)}`));
  return html`<tr data-step=${step.step}><th scope="row">${step.step}</th><${TextCell}>${step.text}<//>
    <td><${Verdicts} ...${step} /></td>${withOthers && html`<${TextCell}>${others.join("; ") || "–"}<//>`}</tr>`;
}

function LeftRow({ left }) {
  return html`<tr data-left=${left.server}><${ServerCell} name=${left.server} />
    <td><${VerdictBadge} verdict=${left.verdict} /></td><${TextCell}>${left.text}<//></tr>`;
}

const QUOTE = /[",\n]/;
const FORMULA = /^[=+\-@\t＝＋－＠']/;

/* A cell of CSV, harmless for spreadsheets. */
function csvCell(value) {
  const text = String(value ?? "").replace(FORMULA, "'$&");
  return QUOTE.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const CSV_COLUMNS = ["step", "server", "action", "adapter", "text", "before", "after"];

function planCsv({ steps }) {
  const lines = [CSV_COLUMNS, ...steps.map((step) => CSV_COLUMNS.map((name) => step[name]))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

function saveCsv(plan) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([planCsv(plan)], { type: "text/csv" }));
  link.download = `plan-${plan.site || "site"}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function planWords({ steps, changes, exact }) {
  if (steps.length === 0) return "There is nothing to do that a plan knows.";
  const size = exact ? "no smaller set does it" : "made server by server, so a smaller set may do";
  return `${count(changes, "change")}; ${size}. No step makes another server worse.`;
}

const STEP_HEADS = ["Step", "What", "Its verdict"];
const asChange = ({ action, server, adapter }) => ({ action, server, ...(adapter ? { adapter } : {}) });

function Plan({ plan, onTry }) {
  const { steps, left } = plan;
  const withOthers = steps.some((step) => step.others.length > 0);
  const heads = [...STEP_HEADS, ...(withOthers ? ["Others"] : [])];
  return html`<p id="plan-words">${planWords(plan)}</p>
    ${steps.length > 0 && html`<${DataTable} heads=${heads} label="Steps" kind="steps">
      ${steps.map((step) => html`<${StepRow} key=${step.step} step=${step} withOthers=${withOthers} />`)}<//>
      <p class="server-actions"><${Button} id="try-plan" onClick=${() => onTry(steps.map(asChange))}>Try these below<//>
        <${Button} id="plan-csv" onClick=${() => saveCsv(plan)}>Save as CSV<//></p>`}
    ${left.length > 0 && html`<h4>Not well after it</h4>
      <${DataTable} heads=${["Server", "Verdict", "Why"]} label="Not well after it">
        ${left.map((one) => html`<${LeftRow} key=${one.server} left=${one} />`)}<//>`}`;
}

function PlanSection({ site, prefer, onTry }) {
  const when = live.use((state) => Math.floor(state.tick / PLAN_TICKS));
  const { body, error } = useAnswer(paths.plan(site, prefer), when);
  return html`<${Section} title="Plan: the fewest changes that make it safe" id="plan" wide>
    <${Choices} label="Of two plans as short" of=${PREFERENCES} isOn=${(value) => value === prefer}
      onChoose=${(value) => goTo({ prefer: value })} />
    ${body ? html`<${Plan} plan=${body} onTry=${onTry} />` : html`<${NoAnswer} error=${error} />`}<//>`;
}

/* ---- what if: the changes ---- */

const ACTIONS = {
  disable_adapter: "Disable an adapter",
  connect_adapter: "Give an adapter a way to its peers",
  add_adapter: "Add an adapter",
  install_service_pack: "Install Service Pack 4",
  install_fix: "Install the fix",
  start_mta: "Start the MTA",
  remove_server: "Take the server out",
};
const HAS_ADAPTER = ["disable_adapter", "connect_adapter", "add_adapter"];
const HAS_PEERS = ["connect_adapter", "add_adapter"];

const words = (text) => (text ?? "").split(/[\s,]+/).filter(Boolean);

/* What the form says, as the API takes it. */
function readChange(form) {
  const { action, server, adapter, addresses, peers } = Object.fromEntries(new FormData(form));
  return {
    action, server, ...(HAS_ADAPTER.includes(action) ? { adapter } : {}),
    ...(action === "add_adapter" ? { addresses: words(addresses) } : {}),
    ...(words(peers).length > 0 ? { peers: words(peers) } : {}),
  };
}

function Options({ of, chosen }) {
  return of.map(([value, word]) => html`<option key=${value} value=${value} selected=${value === chosen}>
    ${word}</option>`);
}

function AdapterField({ adapters }) {
  const of = adapters.map((one) => [
    one.adapter, `${one.adapter} (${[one.addresses[0], ADAPTER_STATES[one.state]?.[0]].filter(Boolean).join(", ")})`]);
  return html`<${Field} label="Adapter" name="adapter"><select id="field-adapter" name="adapter" required>
    <${Options} of=${of} /></select><//>`;
}

function NewAdapterFields() {
  return html`<${Field} label="Its name" name="adapter" required />
    <${Field} label="Addresses" name="addresses" hint="10.0.3.5/24" required />`;
}

function ChangeForm({ adapters, onAdd }) {
  const servers = [...new Set(adapters.map((one) => one.server))].sort();
  const [action, setAction] = useState("disable_adapter");
  const [chosen, setServer] = useState(servers[0]);
  const server = servers.includes(chosen) ? chosen : servers[0];
  const send = (event) => {
    event.preventDefault();
    onAdd(readChange(event.target));
  };
  return html`<form id="change" class="change-form" onSubmit=${send}>
    <${Field} label="Change" name="action"><select id="field-action" name="action"
      onChange=${(event) => setAction(event.target.value)}><${Options} of=${Object.entries(ACTIONS)} chosen=${action} />
      </select><//>
    <${Field} label="Server" name="server"><select id="field-server" name="server"
      onChange=${(event) => setServer(event.target.value)}><${Options} of=${servers.map((name) => [name, name])}
      chosen=${server} /></select><//>
    ${action === "add_adapter" && html`<${NewAdapterFields} />`}
    ${HAS_ADAPTER.includes(action) && action !== "add_adapter" && html`<${AdapterField}
      adapters=${adapters.filter((one) => one.server === server)} />`}
    ${HAS_PEERS.includes(action) && html`<${Field} label="Its peers" name="peers"
      hint="names; none: all of the site" />`}
    <p class="field"><button type="submit" class="button primary" id="add-change">Add</button></p></form>`;
}

function ChangeList({ changes, onDrop, texts }) {
  return html`<ol class="changes" id="changes">${changes.map((change, i) => html`<li key=${i}>
    <bdi>${texts[i] ?? `${ACTIONS[change.action]}: ${change.server}${change.adapter ? ` ${change.adapter}` : ""}`}</bdi>
    ${" "}<${Button} class="link" aria-label=${`Leave out change ${i + 1}`} onClick=${() => onDrop(i)}>Leave out<//>
    </li>`)}</ol>`;
}

/* ---- what if: the answer ---- */

function tallyWords(tally) {
  const parts = Object.keys(VERDICTS).filter((name) => tally[name])
    .map((name) => `${tally[name]} ${verdictWord(name).toLowerCase()}`);
  return parts.join(", ") || "nobody";
}

function ChangedRow({ server: { server, before, after } }) {
  return html`<tr data-changed=${server}><${ServerCell} name=${server} />
    <td>${before && html`<${VerdictBadge} verdict=${before.verdict} />`}</td>
    <td>${after ? html`<${VerdictBadge} verdict=${after.verdict} />` : "Taken out"}</td>
    <${TextCell}>${after ? reasonOf(after).text : "–"}<//></tr>`;
}

function CostRow({ cost }) {
  return html`<tr><${ServerCell} name=${cost.server} /><${TextCell}>${cost.text}<//></tr>`;
}

function WhatIfAnswer({ answer: { before, after, servers, costs } }) {
  return html`<p id="what-if-words" role="status">Now: ${tallyWords(before)}. Then: ${tallyWords(after)}.</p>
    <${DataTable} heads=${["Server", "Now", "Then", "Why"]} label="Who would look different">
      ${servers.map((one) => html`<${ChangedRow} key=${one.server} server=${one} />`)}<//>
    ${costs.length > 0 && html`<h4>What it costs others</h4>
      <${DataTable} heads=${["Server", "What"]} label="What it costs others">
        ${costs.map((cost) => html`<${CostRow} cost=${cost} />`)}<//>`}`;
}

/* {answer, error}: of the changes last asked about. */
function useWhatIf(site, changes) {
  const [last, setLast] = useState({});
  useEffect(() => {
    let cancelled = false;
    const show = (found) => !cancelled && setLast({ changes, ...found });
    if (changes.length === 0) setLast({});
    else {
      askWhatIf(site, changes).then((answer) => show({ answer }), (error) => {
        noteFailure(error);
        show({ error });
      });
    }
    return () => {
      cancelled = true;
    };
  }, [site.organization, site.site, changes]);
  return last.changes === changes ? last : {};
}

function WhatIf({ site, adapters, changes, setChanges }) {
  const { answer, error } = useWhatIf(site, changes);
  const drop = (at) => setChanges(changes.filter((_, i) => i !== at));
  return html`<${ChangeForm} adapters=${adapters} onAdd=${(change) => setChanges([...changes, change])} />
    ${changes.length === 0 && html`<${Quiet}>Add a change to see what it would bring.<//>`}
    ${changes.length > 0 && html`<${ChangeList} changes=${changes} onDrop=${drop}
        texts=${answer?.changes.map((one) => one.text) ?? []} />
      <p class="server-actions"><${Button} id="clear-changes" onClick=${() => setChanges([])}>Clear<//></p>`}
    ${answer && html`<${WhatIfAnswer} answer=${answer} />`}
    ${error && html`<p class="error" role="alert">${error.message}</p>`}`;
}

function WhatIfSection({ site, changes, setChanges }) {
  const when = live.use((state) => Math.floor(state.tick / PLAN_TICKS));
  const { body, error } = useAnswer(paths.matrix(site.organization, site.site), when);
  return html`<${Section} title="What if" id="what-if" wide>
    ${body ? html`<${WhatIf} site=${site} adapters=${body.adapters} changes=${changes} setChanges=${setChanges} />`
    : html`<${NoAnswer} error=${error} />`}<//>`;
}

/* ---- page ---- */

const NONE = [];

function Plans({ sites }) {
  const state = place.use((all) => all);
  const site = siteAt(state, sites);
  const key = `${site.organization}/${site.site}`;
  const [made, setMade] = useState({ key, changes: NONE });
  const changes = made.key === key ? made.changes : NONE;
  const setChanges = (next) => setMade({ key, changes: next });
  return html`<p class="summary"><${SiteChoice} id="plans-site" sites=${sites} chosen=${site} /></p>
    <${Quiet}>The rule is asked about the facts as they would be. Nothing is changed or stored.<//>
    <div class="by-restart"><${PlanSection} site=${site} prefer=${state.prefer === "adapters" ? "adapters" : "fix"}
      onTry=${setChanges} /><${WhatIfSection} site=${site} changes=${changes} setChanges=${setChanges} /></div>`;
}

export function PlansPage() {
  const { body, error } = useAnswer(paths.sites());
  return html`<${Main} title="What if, and plan">
    ${body?.length > 0 && html`<${Plans} sites=${body} />`}
    ${body?.length === 0 && html`<p class="empty">No site is known yet: the first report makes one.</p>`}
    ${!body && html`<${NoAnswer} error=${error} />`}<//>`;
}
