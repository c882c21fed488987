/* Silences: what matches is told to nobody for a while. */

import { addSilence, endSilence, paths } from "./api.js";
import { Dialog, endOf, Field, SpanField } from "./dialog.js";
import { html } from "./html.js";
import { beatNow, failed, useAnswer } from "./live.js";
import { Facts, Missing, Quiet } from "./section.js";
import { useMay } from "./session.js";
import { collectorNow } from "./time.js";
import { Moment } from "./when.js";

const MATCHERS = [["server", "Server"], ["site", "Site"], ["organization", "Organization"], ["condition", "Condition"]];

export function SilenceDialog({ matchers, onClose }) {
  const send = ({ comment, span, ...patterns }) => {
    const set = Object.fromEntries(Object.entries(patterns).filter(([, pattern]) => pattern !== ""));
    if (Object.keys(set).length === 0) throw new Error("Say what is to be silenced: one pattern at least.");
    return addSilence({ matchers: set, comment, ends_at: endOf(span, collectorNow()) });
  };
  return html`<${Dialog} title="Silence" submit="Silence" onSubmit=${async (values) => send(values)} onClose=${onClose}>
    <p>What matches all of these is told to nobody; the page still shows it. <code>*</code> and <code>?</code> stand for anything.</p>
    ${MATCHERS.map(([name, word]) => html`<${Field} key=${name} label=${word} name=${name} maxlength="255" defaultValue=${matchers[name] ?? ""} />`)}
    <${Field} label="Comment" name="comment" maxlength="1024" required /><${SpanField} label="Until" name="span" /><//>`;
}

export function Silences() {
  const { body, error } = useAnswer(paths.silences());
  const may = useMay("operator");
  if (!body) return html`<${Missing} error=${error} missing="This collector knows no silences." />`;
  const silences = body.silences ?? [];
  if (silences.length === 0) return html`<${Quiet}>None.<//>`;
  const end = (id) => endSilence(id).then(beatNow, failed);
  return html`<${Facts} label="Silences" heads=${["What", "Comment", "By", "From", "Until", ""]}>${silences.map((silence) => html`<tr key=${silence.id}>
    <th scope="row">${Object.entries(silence.matchers).map(([name, pattern]) => html`<span class="matcher">${name} = <bdi>${pattern}</bdi></span> `)}</th>
    <td><bdi>${silence.comment}</bdi></td><td><bdi>${silence.by}</bdi></td><td><${Moment} at=${silence.starts_at} /></td><td><${Moment} at=${silence.ends_at} /></td>
    <td class="actions">${may && html`<button type="button" class="button" onClick=${() => end(silence.id)}>End</button>`}</td></tr>`)}<//>`;
}
