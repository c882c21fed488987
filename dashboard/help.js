/* The keys, and what the verdicts mean. */

import { VerdictBadge } from "./badge.js";
import { html } from "./html.js";
import { SILENT, VERDICTS } from "./words.js";

const KEYS = [
  [["/"], "search"], [["j", "k"], "next, previous row (also the arrow keys in a list)"], [["Enter"], "open"],
  [["m"], "reachability matrix of the site"], [["t"], "timeline of the server"], [["a"], "alerts of the server; on an alert: acknowledge it"],
  [["Esc"], "back to the list, then clear the search"], [["?"], "this help"],
];

export function toggleHelp() {
  const help = document.getElementById("help");
  if (help.open) help.close();
  else help.showModal();
}

export function Help() {
  return html`<dialog id="help" aria-labelledby="help-title">
    <h2 id="help-title">Keys</h2>
    <dl>${KEYS.map(([keys, text]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>
    <h3>Verdicts, worst first</h3>
    <dl class="legend">${Object.entries(VERDICTS).map(([name, { meaning }]) => html`
      <dt><${VerdictBadge} verdict=${name} /></dt><dd>${meaning}</dd>`)}
      <dt><span class="badge v-silent">${SILENT.word}</span></dt><dd>${SILENT.meaning}</dd></dl>
    <form method="dialog"><button type="submit" class="button">Close</button></form></dialog>`;
}
