/* Taking a server out of the fleet that is no more. */

import { removeServer } from "./api.js";
import { Dialog, Field } from "./dialog.js";
import { html, useState } from "./html.js";
import { goTo } from "./place.js";
import { useMay } from "./session.js";

export function Decommission({ name, label = "Decommission" }) {
  const may = useMay("operator");
  const [asking, ask] = useState(false);
  if (!may) return null;
  const remove = async ({ reason }) => {
    await removeServer(name, reason);
    goTo({ server: "" }, { replace: true });
  };
  return html`<button type="button" class="button" onClick=${() => ask(true)}>${label}</button>
    ${asking && html`<${Dialog} title=${`Take ${name} out of the fleet?`} submit="Decommission" danger onSubmit=${remove} onClose=${() => ask(false)}>
      <p>No server is asked to probe it any more, and it is not watched any longer. Should it report again, it is back.</p>
      <${Field} label="Reason, for the audit log" name="reason" maxlength="1024" /><//>`}`;
}
