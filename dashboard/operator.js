/*
 * The operator's page, a component a tab: agents, which are released where their machine is gone or
 * was made anew; the inventory; tokens and enrolment secrets, made here and shown once; the audit log.
 */

import { addSecret, addToken, paths, putInventory, releaseAgent, removeExpected, revokeSecret, revokeToken } from "./api.js";
import { html, useState } from "./html.js";
import { live, useAnswer } from "./live.js";
import { Dialog, endTime, DataTable, Field, Link, NoAnswer, Moment, Pager, Quiet, DurationField } from "./parts.js";
import { place } from "./place.js";
import { session, useHasRole } from "./reader.js";
import { collectorNow, count } from "./words.js";

const pageOf = (cursor) => ({ limit: "200", ...(cursor ? { cursor } : {}) });

/* ---- agents ---- */

/** Asks whether the agent `id` of a host is to be released. */
export function Release({ id, host, onClose }) {
  return html`<${Dialog} title=${`Release the agent of ${host}?`} submit="Release" danger onSubmit=${() => releaseAgent(id)} onClose=${onClose}>
    <p>Its key is worth nothing from then on, and the name is free: the next agent that comes with the enrolment secret takes it.
      An agent that still has the secret enrols again by itself.</p><//>`;
}

function Agents() {
  const { cursor } = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.agents(pageOf(cursor)));
  const may = useHasRole("operator");
  const [releasing, setReleasing] = useState(null);
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<${Quiet}>${count(body.enrolled, "agent")} enrolled. An agent belongs to one host name; another machine of that name is refused until it is released.<//>
    <div class="card"><${DataTable} label="Agents" kind="compact" heads=${["Host", "Enrolled", "With the secret", "Id", ""]}>
    ${body.agents.map((agent) => html`<tr key=${agent.id} data-row=${agent.id}>
      <th scope="row"><${Link} class="row-action" to=${{ server: agent.host }}><bdi>${agent.host}</bdi><//></th>
      <td><${Moment} at=${agent.enrolled_at} /></td><td><bdi>${agent.secret}</bdi></td><td class="hash">${agent.id}</td>
      <td class="actions">${may && html`<button type="button" class="button" onClick=${() => setReleasing(agent)}>Release</button>`}</td></tr>`)}<//></div>
    <${Pager} next=${next} label="Pages of agents" />
    ${releasing && html`<${Release} ...${releasing} onClose=${() => setReleasing(null)} />`}`;
}

/* ---- inventory ---- */

const SHOWN = 500; // more than that is read in the file that was imported

function ImportDialog({ onClose }) {
  return html`<${Dialog} title="Import the inventory" submit="Replace the inventory" onSubmit=${({ list, yes }) => putInventory(list, yes)} onClose=${onClose}>
    <p>One server a line, or a table with the columns name, organization, site. It replaces the whole inventory.</p>
    <${Field} label="Servers" name="list"><textarea id="field-list" name="list" rows="10" spellcheck="false" required></textarea><//>
    <label><input type="checkbox" name="yes" value="true" /> Also if it drops more than half of the servers</label><//>`;
}

function Remove({ name, onClose }) {
  return html`<${Dialog} title=${`Expect ${name} no longer?`} submit="Remove" danger onSubmit=${() => removeExpected(name)} onClose=${onClose}>
    <p>If it never reports, nobody misses it then.</p><//>`;
}

function Expected({ server, may, onRemove }) {
  return html`<tr data-row=${server.server}><th scope="row"><${Link} class="row-action" to=${{ server: server.server }}><bdi>${server.server}</bdi><//></th>
    <td><bdi>${server.organization || "–"}</bdi></td><td><bdi>${server.site || "–"}</bdi></td><td><${Moment} at=${server.since} /></td>
    <td class="actions">${may && html`<button type="button" class="button" onClick=${onRemove}>Remove</button>`}</td></tr>`;
}

function Inventory() {
  const { body, error } = useAnswer(paths.inventory(), live.use((state) => state.changes)); // it may be long
  const may = useHasRole("operator");
  const [dialog, setDialog] = useState(null); // "import", or {name} of the one to remove
  const close = () => setDialog(null);
  if (!body) return html`<${NoAnswer} error=${error} />`;
  const { servers } = body;
  return html`<div class="headline"><p class="quiet">${count(servers.length, "server")} expected. One that never reported is shown as not monitored, never as nothing.</p>
      <${Link} class="link" to=${{ verdict: ["not_monitored"] }}>Those that never reported<//>
      ${may && html`<button type="button" class="button primary" id="import" onClick=${() => setDialog("import")}>Import…</button>`}</div>
    <div class="card"><${DataTable} label="Inventory" kind="compact" heads=${["Server", "Organization", "Site", "Expected since", ""]}>
      ${servers.slice(0, SHOWN).map((server) => html`<${Expected} key=${server.server} server=${server} may=${may} onRemove=${() => setDialog({ name: server.server })} />`)}<//>
      ${servers.length > SHOWN && html`<${Quiet}>and ${servers.length - SHOWN} more<//>`}</div>
    ${dialog === "import" && html`<${ImportDialog} onClose=${close} />`}
    ${dialog?.name && html`<${Remove} name=${dialog.name} onClose=${close} />`}`;
}

/* ---- tokens ---- */

const NAME = { pattern: "[A-Za-z0-9._\\-]{1,63}", maxlength: "63", required: true };

/* What is shown once. It is in no store of the page, and gone with this element. */
function ShownOnce({ text, what, onDone }) {
  return html`<div class="note shown-once" role="status"><p><strong>The new ${what}.</strong> It is shown this once; the collector keeps a hash only.</p>
    <p><code id="shown-once">${text}</code></p>
    <p class="buttons"><button type="button" class="button" onClick=${() => navigator.clipboard?.writeText(text)}>Copy</button>
    <button type="button" class="button" onClick=${onDone}>Done</button></p></div>`;
}

function AddDialog({ what, roles, make, onMade, onClose }) {
  const send = async ({ name, role, span }) => {
    const made = await make({ name, ...(roles ? { role } : {}), expires_at: endTime(span, collectorNow()) });
    onMade(made.token ?? made.secret);
  };
  return html`<${Dialog} title=${`A new ${what}`} submit="Make it" onSubmit=${send} onClose=${onClose}>
    <${Field} label="Name" name="name" hint="Letters, digits, dot, dash, underscore; the audit log shows it." ...${NAME} />
    ${roles && html`<${Field} label="Role" name="role"><select id="field-role" name="role">
      <option value="viewer">viewer: reads</option><option value="operator">operator: also acknowledges, silences, releases</option>
      <option value="admin">admin: also makes tokens</option></select><//>`}
    <${DurationField} label="Valid" name="span" open="until it is revoked" /><//>`;
}

/* One list with its dialogs; tokens and secrets differ in words only. */
function Named({ what, path, list, roles, make, revoke, note }) {
  const { body, error } = useAnswer(path);
  const [dialog, setDialog] = useState(null); // "add", or the name to revoke
  const [created, setCreated] = useState("");
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<div class="headline"><p class="quiet">${note}</p>
      <button type="button" class="button primary" id="add" onClick=${() => setDialog("add")}>New ${what}</button></div>
    ${created && html`<${ShownOnce} text=${created} what=${what} onDone=${() => setCreated("")} />`}
    <div class="card"><${DataTable} label=${`All ${what}s`} kind="compact" heads=${["Name", ...(roles ? ["Role"] : []), "Made by", "Made", "Valid until", ""]}>
      ${body[list].map((row) => html`<tr key=${row.name} data-row=${row.name}><th scope="row"><bdi>${row.name}</bdi></th>${roles && html`<td>${row.role}</td>`}
        <td><bdi>${row.made_by}</bdi></td><td><${Moment} at=${row.made_at} /></td>
        <td>${row.expires_at ? html`<${Moment} at=${row.expires_at} />` : "it is revoked"}</td>
        <td class="actions"><button type="button" class="button row-action" onClick=${() => setDialog(row.name)}>Revoke</button></td></tr>`)}<//></div>
    ${dialog === "add" && html`<${AddDialog} what=${what} roles=${roles} make=${make} onMade=${setCreated} onClose=${() => setDialog(null)} />`}
    ${dialog && dialog !== "add" && html`<${Dialog} title=${`Revoke the ${what} ${dialog}?`} submit="Revoke" danger
      onSubmit=${() => revoke(dialog)} onClose=${() => setDialog(null)}><p>It is worth nothing from then on.</p><//>`}`;
}

function Tokens() {
  return html`<${Named} what="token" path=${paths.tokens()} list="tokens" roles make=${addToken} revoke=${revokeToken}
    note="People log in with a token, programs send it with each call." />`;
}

function Secrets() {
  return html`<${Named} what="secret" path=${paths.secrets()} list="secrets" make=${addSecret} revoke=${revokeSecret}
    note="An agent enrols with a secret, once; afterwards it has a key of its own." />`;
}

/* ---- audit ---- */

function Audit() {
  const { cursor } = place.use((state) => state);
  const { body, next, error } = useAnswer(paths.audit(pageOf(cursor)));
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<div class="card"><${DataTable} label="Audit log" kind="compact" heads=${["When", "Who", "From", "Did", "What"]}>${body.lines.map((line) => html`<tr key=${line.id}>
      <td><${Moment} at=${line.at} /></td><td><bdi>${line.who}</bdi></td><td><bdi>${line.from}</bdi></td><td><code>${line.action}</code></td>
      <td><bdi>${line.object}</bdi></td></tr>`)}<//></div>
    <${Pager} next=${next} label="Pages of the log" word="Older" />`;
}

/* ---- operator ---- */

const TABS = [["agents", "Agents", Agents, "viewer"], ["inventory", "Inventory", Inventory, "viewer"], ["tokens", "Tokens", Tokens, "admin"],
  ["secrets", "Enrolment secrets", Secrets, "admin"], ["audit", "Audit log", Audit, "operator"]];

function Tab({ tab, now }) {
  const [name, word] = tab;
  return html`<${Link} page="operator" to=${{ tab: name }} aria-current=${name === now ? "page" : null}>${word}<//>`;
}

export function Operator() {
  const now = place.use((state) => (TABS.some(([name]) => name === state.tab) ? state.tab : "agents"));
  const role = session.use((state) => state.role);
  const [, , Page, needed] = TABS.find(([name]) => name === now);
  const may = useHasRole(needed);
  return html`<main id="list" tabindex="-1"><div class="headline"><h2 id="headline" class="visually-hidden">Operation</h2>
    <nav class="tabs sub-tabs" aria-label="Operation">${TABS.map((tab) => html`<${Tab} key=${tab[0]} tab=${tab} now=${now} />`)}</nav></div>
    ${may ? html`<${Page} />` : role && html`<p class="empty">This needs a token of the role ${needed}; yours is of the role ${role}.</p>`}</main>`;
}
