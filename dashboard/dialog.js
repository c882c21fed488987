/* A dialog that asks something before a change is made, and says when the collector refuses. */

import { html, useEffect, useRef, useState } from "./html.js";
import { beatNow } from "./live.js";

/** `onSubmit(values)` makes the change, or throws; the dialog closes when it is made. */
export function Dialog({ title, submit, danger = false, onSubmit, onClose, children }) {
  const node = useRef(null);
  const [error, setError] = useState("");
  const busy = useRef(false);
  useEffect(() => {
    node.current.showModal();
  }, []);
  const send = async (event) => {
    event.preventDefault();
    if (busy.current) return;
    busy.current = true;
    setError("");
    try {
      await onSubmit(Object.fromEntries(new FormData(event.target)));
      beatNow();
      node.current?.close(); // gives the focus back, and is heard by onClose
    } catch (problem) {
      setError(problem.message);
    }
    busy.current = false;
  };
  return html`<dialog ref=${node} class="ask" aria-labelledby="ask-title" onClose=${onClose}>
    <form onSubmit=${send}><h2 id="ask-title">${title}</h2>${children}
      <p class="error" role="alert" hidden=${error === ""}>${error}</p>
      <p class="buttons"><button type="button" class="button" onClick=${() => node.current.close()}>Cancel</button>
        <button type="submit" class=${danger ? "button danger" : "button primary"}>${submit}</button></p></form></dialog>`;
}

/** A field with its label; `hint` says what belongs there. */
export function Field({ label, name, hint, children, ...rest }) {
  const id = `field-${name}`;
  return html`<p class="field"><label for=${id}>${label}</label>
    ${children ?? html`<input id=${id} name=${name} aria-describedby=${hint && `${id}-hint`} autocomplete="off" ...${rest} />`}
    ${hint && html`<span class="sub" id="${id}-hint">${hint}</span>`}</p>`;
}

const SPANS = [["2", "2 hours"], ["8", "8 hours"], ["24", "a day"], ["72", "3 days"], ["168", "a week"], ["720", "30 days"]];

/** For how long; `open` names the choice without an end. */
export function SpanField({ label, name, open }) {
  return html`<${Field} label=${label} name=${name}><select id="field-${name}" name=${name}>
    ${open && html`<option value="">${open}</option>`}
    ${SPANS.map(([hours, text]) => html`<option value=${hours} selected=${!open && hours === "8"}>for ${text}</option>`)}</select><//>`;
}

/** The end of a span that begins now, as the API has it; undefined for the open one. */
export function endOf(hours, now) {
  return hours ? new Date(now + Number(hours) * 3600000).toISOString().replace(/\.\d+/, "") : undefined;
}
