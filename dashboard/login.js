/*
 * The login page: exchanges a token for a session. The query of its address is what the dashboard
 * was asked to show; it goes there afterwards, and nowhere else.
 */

import { ApiError, SESSION_ENDED, logIn, PAGE } from "./api.js";
import { html, render, useRef, useState } from "./html.js";

function SessionEnded() {
  return html`<p class="note">Your session has ended. Log in, and you are back where you were.</p>`;
}

function Login() {
  const token = useRef(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setError("");
    setBusy(true);
    try {
      await logIn(token.current.value.trim());
      location.replace(PAGE + location.search);
    } catch (problem) {
      setError(problem instanceof ApiError ? problem.message : `This page failed: ${problem.message}`);
      setBusy(false);
      token.current.select();
      token.current.focus();
    }
  };
  return html`<form id="login" onSubmit=${submit}>
    <input type="text" autocomplete="username" value="mtawatch" aria-hidden="true" tabindex="-1" hidden />
    ${location.hash === SESSION_ENDED && html`<${SessionEnded} />`}
    <label for="token">Token</label>
    <input id="token" type="password" autocomplete="current-password" spellcheck="false" maxlength="200" required
      ref=${token} aria-describedby="about error" />
    <p id="about">An administrator makes one: <code>mtawatch-collector token add NAME --role viewer</code></p>
    <p class="error" id="error" role="alert" hidden=${error === ""}>${error}</p>
    <button type="submit" class="button primary" disabled=${busy}>Log in</button></form>`;
}

render(html`<${Login} />`, document.getElementById("form"));
document.getElementById("token").focus();
