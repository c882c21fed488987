/* The report as it came. */

import { paths } from "./api.js";
import { html, useState } from "./html.js";
import { Section } from "./section.js";

export function Raw({ server }) {
  const [open, setOpen] = useState(false);
  if (!server.report) return null;
  return html`<${Section} title="Raw report" id="raw" wide>
    <details open=${open} onToggle=${(event) => setOpen(event.target.open)}><summary>Report as JSON</summary>
      ${open && html`<p><a class="link" href=${paths.report(server.server)} download="report.json">As a file, for mtawatch-collector assess</a></p>
        <pre tabindex="0">${JSON.stringify(server.report, null, 1)}</pre>`}</details><//>`;
}
