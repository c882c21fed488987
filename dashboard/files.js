/* The twelve files of the article, against what the fix asks of each. */

import { html } from "./html.js";
import { Chip, Facts, Quiet, Section } from "./section.js";
import { Moment } from "./when.js";

function judged(file) {
  if (file.meets === true) return ["in", "ok"];
  if (file.meets === false) return ["older", "warn"];
  if (file.state === "versioned") return ["not judged", "none"];
  if (file.state === "unversioned") return ["no version", "none"];
  return [file.state ?? "not reported", "bad"];
}

function File({ file }) {
  const [word, tone] = judged(file);
  return html`<tr><th scope="row" title=${file.path ?? null}><bdi>${file.name ?? ""}</bdi></th>
    <td><bdi>${file.version ?? "–"}</bdi></td><td><bdi>${file.required ?? "–"}</bdi></td>
    <td><${Chip} tone=${tone}>${word}<//></td>
    <td>${file.modified ? html`<${Moment} at=${file.modified} />` : "–"}</td>
    <td class="number-cell">${typeof file.size === "number" ? file.size.toLocaleString() : "–"}</td>
    <td class="hash" title=${file.sha256 ?? null}><bdi>${(file.sha256 ?? "").slice(0, 12)}</bdi></td></tr>`;
}

/* The collector's judgement of each, with the path and the hash that the report has. */
function filesOf(server) {
  const reported = server.report?.files ?? [];
  if (!server.files) return reported;
  const byName = new Map(reported.map((file) => [String(file.name).toLowerCase(), file]));
  return server.files.map((file) => ({ ...byName.get(file.name.toLowerCase()), ...file }));
}

export function Files({ server }) {
  const files = filesOf(server);
  return html`<${Section} title="Files of the fix" id="files">${files.length === 0
    ? html`<${Quiet}>None reported.<//>` : html`<${Quiet}>Emsmta.exe decides; the others complete the set.<//>
      <${Facts} label="Files of the fix" kind="compact" heads=${["File", "Version", "Required", "Fix", "Date", "Bytes", "SHA-256"]}>
        ${files.map((file) => html`<${File} key=${file.name} file=${file} />`)}<//>`}<//>`;
}
