/*
 * The parts that pages are made of: verdicts as glyph, word and colour; times, in the zone that the reader
 * chose with the other one at hand, and ages that go on; titled sections, tables, honest notes; and
 * dialogs, which ask something before a change is made, and say when the collector refuses.
 */

import { loadModule } from "./api.js";
import { Component, html, useEffect, useMemo, useRef, useState } from "./html.js";
import { noteFailure, pollNow } from "./live.js";
import { goTo, goToPage, pageUrl, place, placeUrl, siteName, siteOf } from "./place.js";
import { settings } from "./reader.js";
import { bothTimes, duration, glyphPaths, secondsSince, timeText, verdictWord } from "./words.js";

/* ---- badge ---- */

export const glyphOf = (name) => glyphPaths(name).map((d) => html`<path d=${d} />`);

export function Glyph({ of }) {
  return html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">${glyphOf(of)}</svg>`;
}

export function VerdictBadge({ verdict }) {
  return html`<span class="badge v-${verdict}"><${Glyph} of=${verdict} />${verdictWord(verdict)}</span>`;
}

export function Badge({ server }) {
  if (!server.silent) return html`<${VerdictBadge} verdict=${server.verdict} />`;
  return html`<span class="silent-badge"><span class="badge v-silent"><${Glyph} of="silent" />Silent</span>
    <span class="was">was ${verdictWord(server.verdict).toLowerCase()}</span></span>`;
}

/* ---- when ---- */

const clockListeners = new Set();
setInterval(() => clockListeners.forEach((listener) => listener()), 1000);

/** The text that `compute` gives, computed anew every second; the component is drawn anew only when it changes. */
export function useClock(compute) {
  const [, redraw] = useState(0);
  const text = compute();
  useEffect(() => {
    const listener = () => {
      if (compute() !== text) redraw((n) => n + 1);
    };
    clockListeners.add(listener);
    return () => clockListeners.delete(listener);
  });
  return text;
}

export function useZone() {
  return settings.use((state) => state.zone);
}

/** "24 Nov 2026, 10:15" */
export function Moment({ at }) {
  const text = timeText(at, useZone());
  return text === "" ? "not known" : html`<time datetime=${at} title=${bothTimes(at)}>${text}</time>`;
}

/** "3 h", or "3 h ago"; `lateAfter` seconds it is pointed out. */
export function Age({ at, ago = false, lateAfter = 0 }) {
  const text = useClock(() => {
    const age = secondsSince(at);
    return age === null ? "" : `${duration(age)}${ago ? " ago" : ""}`;
  });
  const late = lateAfter > 0 && secondsSince(at) > lateAfter;
  const title = useMemo(() => bothTimes(at), [at]);
  return html`<time class=${late ? "late" : ""} datetime=${at} title=${title}>${text}</time>`;
}

/* ---- section ---- */

/** A link within the page; the browser's own ways to follow one (a new tab ...) still work. */
export function Link({ page = "servers", to, here, children, ...rest }) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (here) goTo(here);
    else goToPage(page, to);
  };
  return html`<a href=${here ? placeUrl(here) : pageUrl(page, to)} onClick=${follow} ...${rest}>${children}</a>`;
}

/** The content below the strip; `tools` beside its title. */
export function Main({ title, tools, children }) {
  return html`<main id="list" tabindex="-1">
    <div class="headline"><h2 id="headline">${title}</h2>${tools}</div>${children}</main>`;
}

export function Section({ title, id, children, wide }) {
  return html`<section class=${wide ? "card wide-card" : "card"} aria-labelledby=${id && `${id}-title`}>
    <h3 id=${id && `${id}-title`} tabindex=${id ? -1 : null}>${title}</h3>${children}</section>`;
}

export function Pair({ term, children }) {
  return html`<dt>${term}</dt><dd>${children}</dd>`;
}

export function Quiet({ children }) {
  return html`<p class="quiet">${children}</p>`;
}

/** A text that may be cut short where it has no room; `title` has all of it. */
export function TextLine({ kind, text, title = text }) {
  return html`<span class=${kind} title=${title}><bdi>${text}</bdi></span>`;
}

/** In the row of a server or, `isSite`, of a site: whose it is, and that something is noted. */
export function Owned({ of: { owner, note }, isSite }) {
  if (!owner && !note) return null;
  return html`<span class="place owned">${owner && html`<bdi>${owner.name}</bdi>`}
    ${owner?.of === "site" && !isSite && " (of the site)"}${" "}
    ${note && html`<abbr title=${note.text}>note</abbr>`}</span>`;
}

/** Why there is no answer, or not yet. */
export function NoAnswer({ error }) {
  return html`<p class="empty" role="status"><bdi>${noAnswerText(error)}</bdi></p>`;
}

function noAnswerText(error) {
  if (!error) return "Asking the collector";
  if ([404, 410].includes(error.status)) return error.message;
  if (error.status === 403) return `Your token's role may not see this: ${error.message}`;
  return `The collector does not answer this: ${error.message}`;
}

/* ---- table ---- */

function HeadCell({ head }) {
  return html`<th scope="col">${head || html`<span class="visually-hidden">Actions</span>`}</th>`;
}

/** The heads of a table's columns; an empty one stands over buttons. */
export function HeadRow({ heads }) {
  return html`<thead><tr>${heads.map((head) => html`<${HeadCell} head=${head} />`)}</tr></thead>`;
}

export function TextCell({ children }) {
  return html`<td class="text-cell"><bdi>${children}</bdi></td>`;
}

export function MomentCell({ at }) {
  return html`<td><${Moment} at=${at} /></td>`;
}

/** Scrolls its children sideways where they have no room. */
export function Wide({ label, children }) {
  return html`<div class="wide" tabindex="0" role="region" aria-label=${label}>${children}</div>`;
}

/** A table of facts; its children are the rows, `none` stands in place of none. */
export function DataTable({ heads, children, kind = "", label, none = "None." }) {
  if (children.length === 0) return html`<${Quiet}>${none}<//>`;
  return html`<${Wide} label=${label}><table class="facts ${kind}">
    <${HeadRow} heads=${heads} /><tbody>${children}</tbody></table><//>`;
}

/* ---- site ---- */

/** The site that the address names, else the first of all. */
export function siteAt({ organization, site }, sites) {
  return organization || site ? siteOf({ organization, site }) : siteOf(sites[0]);
}

const siteKey = ({ organization, site }) => JSON.stringify([organization, site]);

export function SiteChoice({ id, sites, chosen }) {
  const choose = (event) => goTo(siteOf(sites[event.target.selectedIndex]));
  return html`<label class="site-choice">Site <select id=${id} onChange=${choose}>
    ${sites.map((site) => html`<option key=${siteKey(site)} selected=${siteKey(siteOf(site)) === siteKey(chosen)}>
      ${siteName(site)}</option>`)}</select></label>`;
}

/* ---- later ---- */

const loaded = new Map(); // name of a module: its component

/** The component of a module that is asked for when what is more urgent is shown; class `room` keeps its place. */
export function Later({ module, room, ...rest }) {
  const [, redraw] = useState(0);
  const Part = loaded.get(module);
  useEffect(() => {
    if (!Part) {
      loadModule(module).then((part) => {
        loaded.set(module, part);
        redraw(1);
      }, noteFailure);
    }
  }, []);
  return Part ? html`<${Part} ...${rest} />` : html`<div class=${room}></div>`;
}

export function LaterTrend({ site }) {
  const isOpen = settings.use((state) => state.trend === "open");
  return html`<${Later} module="trend" room=${isOpen ? "trend-room open" : "trend-room"} site=${site} />`;
}

/* ---- buttons ---- */

export function Button({ children, ...rest }) {
  return html`<button type="button" class="button" ...${rest}>${children}</button>`;
}

/** A button that makes a change at once; what the collector refuses is said beside it. */
export function ChangeButton({ change, children, ...rest }) {
  const [error, setError] = useState("");
  const make = async () => {
    try {
      await change();
      setError("");
      pollNow();
    } catch (problem) {
      noteFailure(problem);
      setError(problem.message);
    }
  };
  return html`<${Button} onClick=${make} ...${rest}>${children}<//>
    <span class="error" role="alert" hidden=${error === ""}>${error}</span>`;
}

function Choice({ isOn, onChoose, children }) {
  return html`<button type="button" aria-pressed=${String(isOn)} onClick=${onChoose}>${children}</button>`;
}

/** Buttons for the values [[value, word]]; `isOn(value)`, `onChoose(value)`. */
export function Choices({ label, of, isOn, onChoose }) {
  return html`<p class="choices" role="group" aria-label=${label}>${of.map(([value, word]) => html`
    <${Choice} key=${value} isOn=${isOn(value)} onChoose=${() => onChoose(value)}>${word}<//>`)}</p>`;
}

/** The pages of a long list; the address has the cursor, the back button leads back. */
export function Pager({ next, label, word = "Next" }) {
  const { cursor } = place.use((state) => state);
  if (!next && !cursor) return null;
  return html`<nav class="pager" aria-label=${label} onClick=${() => scrollTo(0, 0)}>
    ${cursor && html`<${Link} here=${{ cursor: "" }}>First page<//>`}
    ${next && html`<${Link} id="next-page" rel="next" here=${{ cursor: next }}>${word}<//>`}</nav>`;
}

/** Says that its children have failed, instead of keeping what they showed before. */
export class ErrorBoundary extends Component {
  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`<main id="list" tabindex="-1"><p class="empty" role="alert" id="broken">
      This page cannot show what the collector answers: ${error.message}.${" "}
      <a href=${location.href}>Load it anew</a></p></main>`;
  }
}

export function Chip({ tone, children, title }) {
  return html`<span class="chip ${tone}" title=${title}>${children}</span>`;
}

/* ---- dialogs ---- */

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
      pollNow();
      node.current?.close(); // gives the focus back, and is heard by onClose
    } catch (problem) {
      setError(problem.message);
    }
    busy.current = false;
  };
  return html`<dialog ref=${node} class="ask" aria-labelledby="ask-title" onClose=${onClose}>
    <form onSubmit=${send}><h2 id="ask-title">${title}</h2>${children}
      <p class="error" role="alert" hidden=${error === ""}>${error}</p>
      <p class="buttons"><${Button} onClick=${() => node.current.close()}>Cancel<//>
        <button type="submit" class=${danger ? "button danger" : "button primary"}>${submit}</button></p>
    </form></dialog>`;
}

/** A field with its label; `hint` says what belongs there; the children, if any, take the place of the input. */
export function Field({ label, name, hint, children, ...rest }) {
  const id = `field-${name}`;
  const hintId = hint && `${id}-hint`;
  return html`<p class="field"><label for=${id}>${label}</label>
    ${children ?? html`<input id=${id} name=${name} aria-describedby=${hintId} autocomplete="off" ...${rest} />`}
    ${hint && html`<span class="sub" id=${hintId}>${hint}</span>`}</p>`;
}

const DURATIONS = [
  ["2", "2 hours"], ["8", "8 hours"], ["24", "a day"], ["72", "3 days"], ["168", "a week"], ["720", "30 days"],
];
const USUAL_HOURS = "8";

function DurationOption({ hours, text, selected }) {
  return html`<option value=${hours} selected=${selected}>for ${text}</option>`;
}

/** A choice of how long; `open` names the choice without an end. */
export function DurationField({ label, name, open }) {
  return html`<${Field} label=${label} name=${name}><select id="field-${name}" name=${name}>
    ${open && html`<option value="">${open}</option>`}
    ${DURATIONS.map(([hours, text]) => html`<${DurationOption} hours=${hours} text=${text}
      selected=${!open && hours === USUAL_HOURS} />`)}</select><//>`;
}

/** The end of a time that begins now, as the API has it; undefined for no end. */
export function endTime(hours, now) {
  return hours ? new Date(now + Number(hours) * 3600000).toISOString().replace(/\.\d+/, "") : undefined;
}
