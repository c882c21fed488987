/*
 * The login page: exchanges a token for a session. The query of its address is what the dashboard
 * was asked to show; it goes there afterwards, and nowhere else.
 */

import { ApiError, logIn, PAGE } from "./api.js";
import { byId, setText } from "./dom.js";

async function submit(event) {
  event.preventDefault();
  const button = event.target.querySelector("button");
  const token = byId("token");
  showError("");
  button.disabled = true;
  try {
    await logIn(token.value.trim());
    location.replace(PAGE + location.search);
    return;
  } catch (error) {
    showError(error instanceof ApiError ? error.message : `This page failed: ${error.message}`);
  }
  button.disabled = false;
  token.select();
  token.focus();
}

function showError(text) {
  setText(byId("error"), text);
  byId("error").hidden = text === "";
}

byId("login").addEventListener("submit", submit);
