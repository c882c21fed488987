/* The timeline of a server: bands of one state each, marks for what happened, and the same as a list. */

import { paths } from "./api.js";
import { VerdictBadge } from "./badge.js";
import { bandsOf, changeText, marksOf } from "./history.js";
import { html, useState } from "./html.js";
import { useAnswer } from "./live.js";
import { Quiet, Section } from "./section.js";
import { collectorNow } from "./time.js";
import { Moment } from "./when.js";
import { localTime, utc, verdictWord } from "./words.js";

const DAY_MS = 86400000;
const SPANS = [[1, "Day"], [7, "Week"], [30, "Month"], [365, "Year"]];
const iso = (ms) => new Date(ms).toISOString();
const both = (ms) => `${localTime(iso(ms))} (${utc(iso(ms))})`;
const share = (part, whole) => `${Math.max(0, Math.min(100, (100 * part) / whole)).toFixed(3)}%`;

function Band({ band, from, span }) {
  const word = band.silent ? `Silent, was ${verdictWord(band.verdict).toLowerCase()}` : verdictWord(band.verdict);
  const text = `${word} from ${both(band.from)} to ${both(band.to)}`;
  return html`<li class="band v-${band.silent ? "silent" : band.verdict}" title=${text}
    style=${{ left: share(band.from - from, span), width: share(band.to - band.from, span) }}><span>${word}</span></li>`;
}

function Mark({ mark, from, span }) {
  return html`<li class="mark-at ${mark.tone}" title="${mark.text}, ${both(mark.at)}" style=${{ left: share(mark.at - from, span) }}>
    <span class="visually-hidden">${mark.text}, ${both(mark.at)}</span></li>`;
}

function Axis({ from, span }) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => from + part * span);
  return html`<p class="axis" aria-hidden="true">${ticks.map((at) => html`<span>${localTime(iso(at))}</span>`)}</p>`;
}

function Changes({ changes }) {
  return html`<details><summary>${changes.length} changes as a list</summary><ul class="changes">${changes.map((change) => html`
    <li><${Moment} at=${change.at} /> ${change.kind === "verdict" && change.detail?.verdict
    ? html`<${VerdictBadge} verdict=${change.detail.verdict} />` : html`<bdi>${changeText(change)}</bdi>`}</li>`)}</ul></details>`;
}

export function Timeline({ server }) {
  const { body, error } = useAnswer(paths.history(server.server));
  const [days, setDays] = useState(7);
  const changes = body?.changes ?? [];
  const to = collectorNow();
  const span = days * DAY_MS;
  const from = to - span;
  return html`<${Section} title="Timeline" id="timeline" wide>
    <p class="choices" role="group" aria-label="Length of the timeline">${SPANS.map(([n, word]) => html`<button type="button"
      aria-pressed=${String(n === days)} onClick=${() => setDays(n)}>${word}</button>`)}</p>
    <div class="timeline"><ol class="bands" aria-label="States">${bandsOf(server, changes, from, to).map((band) => html`
      <${Band} band=${band} from=${from} span=${span} />`)}</ol>
      <ol class="marks" aria-label="Events">${marksOf(server, changes, from, to).map((mark) => html`
      <${Mark} mark=${mark} from=${from} span=${span} />`)}</ol><${Axis} from=${from} span=${span} /></div>
    ${error ? html`<${Quiet}>${error.status === 404 ? "This collector tells no history; shown is what the latest report knows."
    : `The history could not be had: ${error.message}`}<//>` : null}
    ${changes.length > 0 && html`<${Changes} changes=${changes} />`}<//>`;
}
