/* Tokens of people and programs, and the secrets with which agents enrol: made here, shown once. */

import { addSecret, addToken, paths, revokeSecret, revokeToken } from "./api.js";
import { Dialog, endOf, Field, SpanField } from "./dialog.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Facts, Missing, Quiet } from "./section.js";
import { collectorNow } from "./time.js";
import { Moment } from "./when.js";

const NAME = { pattern: "[A-Za-z0-9._\\-]{1,63}", maxlength: "63", required: true };

/* What is shown once. It is in no store of the page, and gone with this element. */
function Shown({ text, what, onDone }) {
  return html`<div class="note shown-once" role="status"><p><strong>The new ${what}.</strong> It is shown this once; the collector keeps a hash only.</p>
    <p><code id="shown-once">${text}</code></p>
    <p class="buttons"><button type="button" class="button" onClick=${() => navigator.clipboard?.writeText(text)}>Copy</button>
    <button type="button" class="button" onClick=${onDone}>Done</button></p></div>`;
}

function AddDialog({ what, roles, make, onMade, onClose }) {
  const send = async ({ name, role, span }) => {
    const made = await make({ name, ...(roles ? { role } : {}), expires_at: endOf(span, collectorNow()) });
    onMade(made.token ?? made.secret);
  };
  return html`<${Dialog} title=${`A new ${what}`} submit="Make it" onSubmit=${send} onClose=${onClose}>
    <${Field} label="Name" name="name" hint="Letters, digits, dot, dash, underscore; the audit log shows it." ...${NAME} />
    ${roles && html`<${Field} label="Role" name="role"><select id="field-role" name="role">
      <option value="viewer">viewer: reads</option><option value="operator">operator: also acknowledges, silences, releases</option>
      <option value="admin">admin: also makes tokens</option></select><//>`}
    <${SpanField} label="Valid" name="span" open="until it is revoked" /><//>`;
}

/* One list with its dialogs; tokens and secrets differ in words only. */
function Named({ what, path, list, roles, make, revoke, note }) {
  const { body, error } = useAnswer(path);
  const [asking, ask] = useState(null); // "add", or the name to revoke
  const [shown, show] = useState("");
  if (!body) return html`<${Missing} error=${error} missing=${`This collector has no list of ${what}s.`} />`;
  const rows = body[list] ?? [];
  return html`<div class="headline"><p class="quiet">${note}</p>
      <button type="button" class="button primary" id="add" onClick=${() => ask("add")}>New ${what}</button></div>
    ${shown && html`<${Shown} text=${shown} what=${what} onDone=${() => show("")} />`}
    <div class="card">${rows.length === 0 ? html`<${Quiet}>None.<//>` : html`<${Facts} label=${`All ${what}s`} kind="compact" heads=${["Name", ...(roles ? ["Role"] : []), "Made by", "Made", "Valid until", ""]}>
      ${rows.map((row) => html`<tr key=${row.name} data-row=${row.name}><th scope="row"><bdi>${row.name}</bdi></th>${roles && html`<td>${row.role}</td>`}
        <td><bdi>${row.made_by}</bdi></td><td><${Moment} at=${row.made_at} /></td>
        <td>${row.expires_at ? html`<${Moment} at=${row.expires_at} />` : "it is revoked"}</td>
        <td class="actions"><button type="button" class="button row-action" onClick=${() => ask(row.name)}>Revoke</button></td></tr>`)}<//>`}</div>
    ${asking === "add" && html`<${AddDialog} what=${what} roles=${roles} make=${make} onMade=${show} onClose=${() => ask(null)} />`}
    ${asking && asking !== "add" && html`<${Dialog} title=${`Revoke the ${what} ${asking}?`} submit="Revoke" danger
      onSubmit=${() => revoke(asking)} onClose=${() => ask(null)}><p>It is worth nothing from then on.</p><//>`}`;
}

export function Tokens() {
  return html`<${Named} what="token" path=${paths.tokens()} list="tokens" roles make=${addToken} revoke=${revokeToken}
    note="People log in with a token, programs send it with each call." />`;
}

export function Secrets() {
  return html`<${Named} what="secret" path=${paths.secrets()} list="secrets" make=${addSecret} revoke=${revokeSecret}
    note="An agent enrols with a secret, once; afterwards it has a key of its own." />`;
}
