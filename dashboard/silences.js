/*
 * Silences, by which what matches is told to nobody for a while: written as routes are, and before one is
 * made the collector says what it would match.
 */

import { addSilence, endSilence, matchesOf, paths } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { useAnswer } from "./live.js";
import {
  ChangeButton, DataTable, Dialog, DurationField, endTime, Field, MomentCell, NoAnswer, Quiet, TextCell,
} from "./parts.js";
import { useHasRole } from "./reader.js";
import { collectorNow, CONDITIONS, count } from "./words.js";

/* ---- what it would match ---- */

const PREVIEW_MS = 300; // after the last key

const PATTERNS = ["sites", "server", "condition"];

function patternsIn(form) {
  const values = new FormData(form);
  return Object.fromEntries(PATTERNS.map((name) => [name, values.get(name).trim()]).filter(([, text]) => text));
}

/* {text, isEmpty}: what the collector says of the patterns. */
async function preview(matchers) {
  if (Object.keys(matchers).length === 0) return { text: "Say what is to be silenced: one of these at least." };
  const { servers, alerts, collector } = await matchesOf(matchers);
  const names = servers.names.slice(0, 6).join(", ") + (servers.count > 6 ? " …" : "");
  const isEmpty = servers.count === 0 && alerts.count === 0 && !collector;
  const own = collector ? ", and problems of the collector" : "";
  if (isEmpty) return { text: "It matches nothing that is known.", isEmpty };
  return {
    text: `It matches ${count(servers.count, "server")}${names && ` (${names})`}, ` +
      `${count(alerts.count, "open alert")}${own}.`,
  };
}

/* Follows what is typed into the form around it. */
function Preview({ initial }) {
  const node = useRef(null);
  const [shown, setShown] = useState({ text: "Asking the collector" });
  useEffect(() => {
    const { form } = node.current;
    let timer = 0;
    let asked = 0;
    const ask = (matchers) => {
      const mine = ++asked;
      preview(matchers).catch((error) => ({ text: error.message })).then((answer) => {
        if (mine === asked) setShown(answer);
      });
    };
    const follow = () => {
      clearTimeout(timer);
      timer = setTimeout(() => ask(patternsIn(form)), PREVIEW_MS);
    };
    form.addEventListener("input", follow);
    ask(initial);
    return () => {
      asked++;
      clearTimeout(timer);
      form.removeEventListener("input", follow);
    };
  }, []);
  return html`<output ref=${node} class="note preview" id="matches"><bdi>${shown.text}</bdi></output>
    ${shown.isEmpty && html`<p class="field"><label><input type="checkbox" name="allow_empty" value="yes" />${" "}
      Make it all the same</label></p>`}`;
}

/* ---- dialog ---- */

function ConditionHints() {
  return html`<datalist id="conditions">${CONDITIONS.map((name) => html`<option key=${name} value=${name} />`)}
  </datalist>`;
}

export function SilenceDialog({ matchers, onClose }) {
  const send = async ({ comment, span, allow_empty: allows, ...patterns }) => {
    const set = Object.fromEntries(PATTERNS.map((name) => [name, patterns[name].trim()]).filter(([, text]) => text));
    if (Object.keys(set).length === 0) throw new Error("Say what is to be silenced: one pattern at least.");
    await addSilence({ matchers: set, comment, ends_at: endTime(span, collectorNow()), allow_empty: allows === "yes" });
  };
  return html`<${Dialog} title="Silence" submit="Silence" onSubmit=${send} onClose=${onClose}>
    <p>What matches all of these is told to nobody; the page still shows it.${" "}
      <code>*</code> and <code>?</code> stand for anything.</p>
    <${Field} label="Sites" name="sites" maxlength="511" defaultValue=${matchers.sites}
      hint="ORGANIZATION/SITE, such as ACME/HQ or ACME/B*" />
    <${Field} label="Server" name="server" maxlength="255" defaultValue=${matchers.server} />
    <${Field} label="Condition" name="condition" maxlength="255" list="conditions"
      defaultValue=${matchers.condition} /><${ConditionHints} />
    <${Preview} initial=${matchers} />
    <${DurationField} label="Until" name="span" />
    <${Field} label="Comment (optional)" name="comment" maxlength="1024" /><//>`;
}

/* ---- list ---- */

const WORDS = { sites: "sites", organization: "organization", site: "site", server: "server", condition: "condition" };

/* The place once: as it is written, or in parts where only one was said. */
function shownMatchers({ sites, organization, site, ...rest }) {
  return Object.entries(sites ? { sites, ...rest } : { organization, site, ...rest }).filter(([, text]) => text);
}

function Matcher({ name, pattern }) {
  return html`<span class="matcher">${WORDS[name] ?? name} <bdi>${pattern}</bdi></span> `;
}

function SilenceRow({ silence, mayEnd }) {
  return html`<tr data-silence=${silence.id}>
    <th scope="row">${shownMatchers(silence.matchers).map(([name, pattern]) => html`
      <${Matcher} name=${name} pattern=${pattern} />`)}</th>
    <${TextCell}>${silence.comment}<//><${TextCell}>${silence.by}<//>
    <${MomentCell} at=${silence.starts_at} /><${MomentCell} at=${silence.ends_at} />
    <td class="actions">${mayEnd && html`<${ChangeButton} change=${() => endSilence(silence.id)}>End<//>`}</td></tr>`;
}

export function Silences() {
  const { body, error } = useAnswer(paths.silences());
  const mayEnd = useHasRole("operator");
  if (!body) return html`<${NoAnswer} error=${error} />`;
  return html`<div class="card" id="silences"><${Quiet}>What matches one of these is told to nobody.<//>
    <${DataTable} label="Silences" heads=${["What", "Comment", "By", "From", "Until", ""]}
      none="There are no silences.">
      ${body.silences.map((silence) => html`<${SilenceRow} key=${silence.id} silence=${silence}
        mayEnd=${mayEnd} />`)}<//></div>`;
}
