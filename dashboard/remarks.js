/*
 * Whose a server or a site is, and what somebody noted about it: as a part of its page, in a dialog, and as a
 * filter of the list; and bookmarks, which are lists that the reader has filtered and keeps by a name.
 */

import { dropBookmark, paths, putBookmark, putRemark } from "./api.js";
import { html, useState } from "./html.js";
import { live, useAnswer } from "./live.js";
import { Button, ChangeButton, Dialog, Field, Link, Moment, Quiet, Section } from "./parts.js";
import { filterBy, NOBODY, place, serverQuery, siteName, siteOf } from "./place.js";
import { useHasRole } from "./reader.js";

/* ---- as a part of a page ---- */

function Whence({ remark, isOfServer }) {
  return html`<span class="sub">${isOfServer && remark.of === "site" && "of the site, "}
    by <bdi>${remark.by}</bdi>, <${Moment} at=${remark.at} /></span>`;
}

function Remarks({ of: { owner, note }, isOfServer }) {
  if (!owner && !note) return html`<${Quiet}>Nobody has said whose it is, or noted anything.<//>`;
  return html`${owner && html`<p id="owned-by">Owner: <strong><bdi>${owner.name}</bdi></strong>${" "}
      <${Whence} remark=${owner} isOfServer=${isOfServer} /></p>`}
    ${note && html`<p class="noted"><bdi>${note.text}</bdi></p>
      <p><${Whence} remark=${note} isOfServer=${isOfServer} /></p>`}`;
}

const unix = (text) => text.replace(/\r\n?/g, "\n").trim();

/* What is different only: who wrote the rest stays. */
function changesOf(values, own) {
  return Object.fromEntries(Object.entries(values).map(([name, text]) => [name, unix(text)])
    .filter(([name, text]) => text !== own[name]));
}

function RemarkDialog({ subject, name, of: { owner, note }, onClose }) {
  const kind = subject.server ? "server" : "site";
  const own = { owner: owner?.of === kind ? owner.name : "", note: note?.of === kind ? note.text : "" };
  const hint = subject.server ? "Empty: what its site has holds." : "It holds for servers that have none of their own.";
  const send = async (values) => {
    const changes = changesOf(values, own);
    if (Object.keys(changes).length > 0) await putRemark(subject, changes);
  };
  return html`<${Dialog} title=${`Owner and note of ${name}`} submit="Save" onSubmit=${send} onClose=${onClose}>
    <${Field} label="Owner, a person or a team" name="owner" maxlength="100" defaultValue=${own.owner} hint=${hint} />
    <${Field} label="Note, for everybody" name="note"><textarea id="field-note" name="note" rows="6"
      maxlength="1000" defaultValue=${own.note}></textarea><//><//>`;
}

/* `of`: {owner, note}, as the API has it. */
function RemarkSection({ subject, name, of }) {
  const mayEdit = useHasRole("operator");
  const [isOpen, setIsOpen] = useState(false);
  if (!mayEdit && !of.owner && !of.note) return null;
  return html`<${Section} title="Owner and note" id="remark"><${Remarks} of=${of}
      isOfServer=${Boolean(subject.server)} />
    ${mayEdit && html`<p><${Button} id="change-remark" onClick=${() => setIsOpen(true)}>
      ${of.owner || of.note ? "Change" : "Write"}<//></p>`}
    ${isOpen && html`<${RemarkDialog} subject=${subject} name=${name} of=${of}
      onClose=${() => setIsOpen(false)} />`}<//>`;
}

function SiteRemarks({ site }) {
  const { body } = useAnswer(paths.sites());
  const isIt = (one) => siteName(one) === siteName(site);
  const found = body?.find(isIt);
  return found ? html`<${RemarkSection} subject=${site} name=${siteName(site)} of=${found} />` : null;
}

/* ---- as a filter ---- */

const OWNER_TICKS = 10; // polls from one question about owners to the next

const isSame = (a, b) => a.localeCompare(b, undefined, { sensitivity: "accent" }) === 0;

function OwnerOption({ value, text, chosen }) {
  return html`<option value=${value} selected=${isSame(value, chosen)}>${text}</option>`;
}

/* Only where somebody owns something, or was asked for. */
function OwnerFilter() {
  const { owner } = place.use((state) => state);
  const when = live.use((state) => `${state.changes} ${Math.floor(state.tick / OWNER_TICKS)}`);
  const { body } = useAnswer(paths.owners(), when);
  const owners = body?.owners ?? [];
  const isKnown = owner === NOBODY || owners.some(({ name }) => isSame(name, owner));
  if (owners.length === 0 && !owner) return null;
  return html`<label class="visually-hidden" for="owner">Owner</label>
    <select id="owner" onChange=${(event) => filterBy({ owner: event.target.value })}>
      <option value="" selected=${owner === ""}>All owners</option>
      ${owners.map(({ name, servers }) => html`<${OwnerOption} key=${name} value=${name}
        text=${`${name} (${servers})`} chosen=${owner} />`)}
      ${owner && !isKnown && html`<${OwnerOption} value=${owner} text=${owner} chosen=${owner} />`}
      <${OwnerOption} value=${NOBODY} text=${`Nobody (${body?.without ?? 0})`} chosen=${owner} /></select>`;
}

/* ---- bookmarks ---- */

const sorted = (query) => JSON.stringify([...new URLSearchParams(query)].sort());

/* The place of a query; null where a list here cannot have that filter. */
function placeOf(query) {
  const params = new URLSearchParams(query);
  const found = { page: "servers", verdict: params.getAll("verdict"), q: params.getAll("q").join(" ") };
  for (const name of ["organization", "site", "silent", "owner", "sort"]) {
    if (params.has(name)) found[name] = params.get(name) || NOBODY;
  }
  return sorted(serverQuery(found)) === sorted(query) ? found : null;
}

function Bookmark({ bookmark: { name, query } }) {
  const to = placeOf(query);
  return html`<li data-bookmark=${name}>${to ? html`<${Link} to=${to}><bdi>${name}</bdi><//>`
    : html`<span title="This page has no such filter."><bdi>${name}</bdi></span>`}
    <${ChangeButton} change=${() => dropBookmark(name)} aria-label=${`Forget ${name}`} title="Forget">✕<//></li>`;
}

function KeepDialog({ query, names, onClose }) {
  const send = ({ name }) => putBookmark(name.trim(), query);
  return html`<${Dialog} title="Keep this list" submit="Keep" onSubmit=${send} onClose=${onClose}>
    <p>Its filters and its order, for you alone; what had that name before goes.</p>
    <${Field} label="Name" name="name" maxlength="60" required list="bookmark-names" />
    <datalist id="bookmark-names">${names.map((name) => html`<option value=${name} />`)}</datalist><//>`;
}

function Bookmarks() {
  const query = String(serverQuery(place.use((state) => state)));
  const when = live.use((state) => state.changes);
  const { body } = useAnswer(paths.bookmarks(), when);
  const [isOpen, setIsOpen] = useState(false);
  const bookmarks = body?.bookmarks ?? [];
  if (bookmarks.length === 0 && !query) return null;
  return html`<details id="bookmarks"><summary>Bookmarks</summary><div class="card">
      ${bookmarks.length > 0 && html`<ul>${bookmarks.map((bookmark) => html`
        <${Bookmark} key=${bookmark.name} bookmark=${bookmark} />`)}</ul>`}
      ${query ? html`<${Button} id="keep-list" onClick=${() => setIsOpen(true)}>Keep this list<//>`
    : html`<${Quiet}>A list that is filtered or sorted can be kept here.<//>`}</div>
    ${isOpen && html`<${KeepDialog} query=${query} names=${bookmarks.map(({ name }) => name)}
      onClose=${() => setIsOpen(false)} />`}</details>`;
}

/** Of a `server`, as the API has it; of a `site`; or the filter of the list, and bookmarks. */
export default function RemarkPart({ server, site }) {
  if (server) {
    return html`<${RemarkSection} subject=${{ server: server.server }} name=${server.server} of=${server} />`;
  }
  return site ? html`<${SiteRemarks} site=${siteOf(site)} />` : html`<${OwnerFilter} /><${Bookmarks} />`;
}
