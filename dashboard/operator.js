/*
 * The operator's page, a component a tab: agents, which are released where their machine is gone or
 * was made anew; the inventory; tokens and enrolment secrets, made here and shown once; the audit log.
 */

import {
  addSecret, addToken, paths, putInventory, releaseAgent, removeExpected, revokeSecret, revokeToken,
} from "./api.js";
import { Collectors } from "./collectors.js";
import { html, useState } from "./html.js";
import { live, useAnswer } from "./live.js";
import {
  Age, Button, Chip, Choices, DataTable, Dialog, DurationField, endTime, Field, Link, Moment, MomentCell, NoAnswer,
  Pager, Quiet, TextCell,
} from "./parts.js";
import { goTo, place } from "./place.js";
import { session, useHasRole } from "./reader.js";
import { collectorNow, count } from "./words.js";

const pageOf = (cursor) => ({ limit: "200", ...(cursor ? { cursor } : {}) });

function ServerHead({ name }) {
  return html`<th scope="row"><${Link} class="row-action" to=${{ server: name }}><bdi>${name}</bdi><//></th>`;
}

/* ---- agents ---- */

const AGENT_FILTERS = [["", "All"], ["outdated", "Outdated"], ["silent", "Silent"], ["not_monitored", "Not monitored"]];
const AGENT_HEADS = ["Host", "Version", "Platform", "Last seen", "Enrolled", "With the secret", "Id", ""];

/** Asks whether the agent `id` of a host is to be released. */
export function ReleaseDialog({ id, host, onClose }) {
  const title = `Release the agent of ${host}?`;
  return html`<${Dialog} title=${title} submit="Release" danger onSubmit=${() => releaseAgent(id)} onClose=${onClose}>
    <p>Its key is worth nothing from then on, and the name is free: the next agent that comes with the enrolment secret
      takes it. An agent that still has the secret enrols again by itself.</p><//>`;
}

function LastSeen({ agent }) {
  if (!agent.reported_at) return agent.not_monitored ? html`<${Chip} tone="warn">not monitored<//>` : "never";
  return html`<${Age} at=${agent.reported_at} ago />${" "}${agent.silent && html`<${Chip} tone="warn">silent<//>`}`;
}

function AgentRow({ agent, onRelease }) {
  return html`<tr data-row=${agent.id ?? agent.host}><${ServerHead} name=${agent.host} />
    <td class="when"><bdi>${agent.version ?? "–"}</bdi>${" "}
      ${agent.outdated && html`<${Chip} tone="warn">outdated<//>`}</td>
    <${TextCell}>${agent.platform ?? "–"}<//><td class="when"><${LastSeen} agent=${agent} /></td>
    ${agent.id ? html`<${MomentCell} at=${agent.enrolled_at} />` : html`<td>no agent</td>`}
    <${TextCell}>${agent.secret ?? "–"}<//><td class="hash">${agent.id}</td>
    <td class="actions">${onRelease && agent.id && html`<${Button} onClick=${onRelease}>Release<//>`}</td></tr>`;
}

function AgentTable({ agents }) {
  const mayRelease = useHasRole("operator");
  const [releasing, setReleasing] = useState(null);
  return html`<${DataTable} label="Agents" kind="compact" heads=${AGENT_HEADS}>
      ${agents.map((agent) => html`<${AgentRow} key=${agent.host} agent=${agent}
        onRelease=${mayRelease && (() => setReleasing(agent))} />`)}<//>
    ${releasing && html`<${ReleaseDialog} ...${releasing} onClose=${() => setReleasing(null)} />`}`;
}

function Agents() {
  const { cursor, state: [filter = ""] } = place.use((all) => all);
  const { body, next, error } = useAnswer(paths.agents({ ...pageOf(cursor), ...(filter ? { state: filter } : {}) }));
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<${Quiet}>${count(body.enrolled, "agent")} enrolled. An agent belongs to one host name;
      another machine of that name is refused until it is released.<//>
    <div class="card"><${Choices} label="Agents by state" of=${AGENT_FILTERS} isOn=${(name) => name === filter}
        onChoose=${(name) => goTo({ state: name ? [name] : [], cursor: "" }, { replace: true })} />
      <${AgentTable} agents=${body.agents} /></div>
    <${Pager} next=${next} label="Pages of agents" />`;
}

/* ---- inventory ---- */

const MAX_SHOWN = 500; // more than that is read in the file that was imported

function ImportDialog({ onClose }) {
  return html`<${Dialog} title="Import the inventory" submit="Replace the inventory"
      onSubmit=${({ list, yes }) => putInventory(list, yes)} onClose=${onClose}>
    <p>One server a line, or a table with the columns name, organization, site. It replaces the whole inventory.</p>
    <${Field} label="Servers" name="list">
      <textarea id="field-list" name="list" rows="10" spellcheck="false" required></textarea><//>
    <label><input type="checkbox" name="yes" value="true" /> Also if it drops more than half of the servers</label>
    <//>`;
}

function RemoveDialog({ name, onClose }) {
  const title = `Expect ${name} no longer?`;
  const send = () => removeExpected(name);
  return html`<${Dialog} title=${title} submit="Remove" danger onSubmit=${send} onClose=${onClose}>
    <p>If it never reports, nobody misses it then.</p><//>`;
}

function ExpectedRow({ server, onRemove }) {
  return html`<tr data-row=${server.server}><${ServerHead} name=${server.server} />
    <${TextCell}>${server.organization || "–"}<//><${TextCell}>${server.site || "–"}<//>
    <${MomentCell} at=${server.since} />
    <td class="actions">${onRemove && html`<${Button} onClick=${onRemove}>Remove<//>`}</td></tr>`;
}

function InventoryHeadline({ expected, onImport }) {
  return html`<div class="headline"><p class="quiet">${count(expected, "server")} expected.
      One that never reported is shown as not monitored, never as nothing.</p>
    <${Link} class="link" to=${{ verdict: ["not_monitored"] }}>Those that never reported<//>
    ${onImport && html`<${Button} class="button primary" id="import" onClick=${onImport}>Import…<//>`}</div>`;
}

const INVENTORY_HEADS = ["Server", "Organization", "Site", "Expected since", ""];

function Inventory() {
  const { body, error } = useAnswer(paths.inventory(), live.use((state) => state.changes)); // it may be long
  const mayEdit = useHasRole("operator");
  const [dialog, setDialog] = useState(null); // "import", or {name} of the one to remove
  const close = () => setDialog(null);
  if (!body) return html`<${NoAnswer} error=${error} />`;
  const { servers } = body;
  return html`<${InventoryHeadline} expected=${servers.length} onImport=${mayEdit && (() => setDialog("import"))} />
    <div class="card"><${DataTable} label="Inventory" kind="compact" heads=${INVENTORY_HEADS}>
      ${servers.slice(0, MAX_SHOWN).map((server) => html`<${ExpectedRow} key=${server.server} server=${server}
        onRemove=${mayEdit && (() => setDialog({ name: server.server }))} />`)}<//>
      ${servers.length > MAX_SHOWN && html`<${Quiet}>and ${servers.length - MAX_SHOWN} more<//>`}</div>
    ${dialog === "import" && html`<${ImportDialog} onClose=${close} />`}
    ${dialog?.name && html`<${RemoveDialog} name=${dialog.name} onClose=${close} />`}`;
}

/* ---- tokens and secrets ---- */

const NAME = { pattern: "[A-Za-z0-9._\\-]{1,63}", maxlength: "63", required: true };

/* Shows a new token or secret. It is in no store of the page, and gone with this element. */
function ShownOnce({ text, what, onDone }) {
  return html`<div class="note shown-once" role="status">
    <p><strong>The new ${what}.</strong> It is shown this once; the collector keeps a hash only.</p>
    <p><code id="shown-once">${text}</code></p>
    <p class="buttons"><${Button} onClick=${() => navigator.clipboard?.writeText(text)}>Copy<//>
      <${Button} onClick=${onDone}>Done<//></p></div>`;
}

function RoleField() {
  return html`<${Field} label="Role" name="role"><select id="field-role" name="role">
    <option value="viewer">viewer: reads</option>
    <option value="operator">operator: also acknowledges, silences, releases</option>
    <option value="admin">admin: also makes tokens</option></select><//>`;
}

function NewCredentialDialog({ what, hasRole, create, onCreated, onClose }) {
  const send = async ({ name, role, span }) => {
    const made = await create({ name, ...(hasRole ? { role } : {}), expires_at: endTime(span, collectorNow()) });
    onCreated(made.token ?? made.secret);
  };
  return html`<${Dialog} title=${`A new ${what}`} submit="Make it" onSubmit=${send} onClose=${onClose}>
    <${Field} label="Name" name="name" hint="Letters, digits, dot, dash, underscore; the audit log shows it."
      ...${NAME} />
    ${hasRole && html`<${RoleField} />`}
    <${DurationField} label="Valid" name="span" open="until it is revoked" /><//>`;
}

function RevokeDialog({ what, name, revoke, onClose }) {
  const title = `Revoke the ${what} ${name}?`;
  return html`<${Dialog} title=${title} submit="Revoke" danger onSubmit=${() => revoke(name)} onClose=${onClose}>
    <p>It is worth nothing from then on.</p><//>`;
}

function CredentialRow({ credential, hasRole, onRevoke }) {
  const { name, role, made_by: maker, made_at: madeAt, expires_at: expiresAt } = credential;
  return html`<tr data-row=${name}><th scope="row"><bdi>${name}</bdi></th>${hasRole && html`<td>${role}</td>`}
    <${TextCell}>${maker}<//><${MomentCell} at=${madeAt} />
    <td>${expiresAt ? html`<${Moment} at=${expiresAt} />` : "it is revoked"}</td>
    <td class="actions"><${Button} class="button row-action" onClick=${onRevoke}>Revoke<//></td></tr>`;
}

function CredentialTable({ what, credentials, hasRole, onRevoke }) {
  const heads = ["Name", ...(hasRole ? ["Role"] : []), "Made by", "Made", "Valid until", ""];
  return html`<${DataTable} label=${`All ${what}s`} kind="compact" heads=${heads}>
    ${credentials.map((credential) => html`<${CredentialRow} key=${credential.name} credential=${credential}
      hasRole=${hasRole} onRevoke=${() => onRevoke(credential.name)} />`)}<//>`;
}

/* One list with its dialogs. Tokens and secrets differ in words, and only tokens have roles. */
function Credentials({ what, path, list, hasRole, create, revoke, note }) {
  const { body, error } = useAnswer(path);
  const [dialog, setDialog] = useState(null); // "add", or {name} of the one to revoke
  const [created, setCreated] = useState("");
  const close = () => setDialog(null);
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<div class="headline"><p class="quiet">${note}</p>
      <${Button} class="button primary" id="add" onClick=${() => setDialog("add")}>New ${what}<//></div>
    ${created && html`<${ShownOnce} text=${created} what=${what} onDone=${() => setCreated("")} />`}
    <div class="card"><${CredentialTable} what=${what} credentials=${body[list]} hasRole=${hasRole}
      onRevoke=${(name) => setDialog({ name })} /></div>
    ${dialog === "add" && html`<${NewCredentialDialog} what=${what} hasRole=${hasRole} create=${create}
      onCreated=${setCreated} onClose=${close} />`}
    ${dialog?.name && html`<${RevokeDialog} what=${what} name=${dialog.name} revoke=${revoke} onClose=${close} />`}`;
}

function Tokens() {
  return html`<${Credentials} what="token" path=${paths.tokens()} list="tokens" hasRole create=${addToken}
    revoke=${revokeToken} note="People log in with a token, programs send it with each call." />`;
}

function Secrets() {
  return html`<${Credentials} what="secret" path=${paths.secrets()} list="secrets" create=${addSecret}
    revoke=${revokeSecret} note="An agent enrols with a secret, once; afterwards it has a key of its own." />`;
}

/* ---- audit ---- */

function AuditRow({ line }) {
  return html`<tr><${MomentCell} at=${line.at} /><${TextCell}>${line.who}<//><${TextCell}>${line.from}<//>
    <td><code>${line.action}</code></td><${TextCell}>${line.object}<//></tr>`;
}

function Audit() {
  const { cursor } = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.audit(pageOf(cursor)));
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<div class="card">
    <${DataTable} label="Audit log" kind="compact" heads=${["When", "Who", "From", "Did", "What"]}>
      ${body.lines.map((line) => html`<${AuditRow} key=${line.id} line=${line} />`)}<//></div>
    <${Pager} next=${next} label="Pages of the log" word="Older" />`;
}

/* ---- operator ---- */

/* name, word, component, the role that may see it */
const TABS = [
  ["agents", "Agents", Agents, "viewer"],
  ["inventory", "Inventory", Inventory, "viewer"],
  ["tokens", "Tokens", Tokens, "admin"],
  ["secrets", "Enrolment secrets", Secrets, "admin"],
  ["audit", "Audit log", Audit, "operator"],
  ["collectors", "Collectors", Collectors, "viewer"],
];

function Tab({ tab, current }) {
  const [name, word] = tab;
  const isCurrent = name === current ? "page" : null;
  return html`<${Link} page="operator" to=${{ tab: name }} aria-current=${isCurrent}>${word}<//>`;
}

function TabContent({ Content, neededRole }) {
  const may = useHasRole(neededRole);
  const role = session.use((state) => state.role);
  if (may) return html`<${Content} />`;
  return role && html`<p class="empty">This needs a token of the role ${neededRole}; yours is of the role ${role}.</p>`;
}

export function Operator() {
  const current = place.use((state) => (TABS.some(([name]) => name === state.tab) ? state.tab : "agents"));
  const [, , Content, neededRole] = TABS.find(([name]) => name === current);
  return html`<main id="list" tabindex="-1"><div class="headline">
    <h2 id="headline" class="visually-hidden">Operation</h2><nav class="tabs sub-tabs" aria-label="Operation">
      ${TABS.map((tab) => html`<${Tab} key=${tab[0]} tab=${tab} current=${current} />`)}</nav></div>
    <${TabContent} Content=${Content} neededRole=${neededRole} /></main>`;
}
