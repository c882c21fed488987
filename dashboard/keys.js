/* The keyboard. Keys that type something are left alone where somebody types. */

import { byId } from "./dom.js";
import { place } from "./place.js";
import { focusRow, neighbour } from "./list.js";

function focusedRow() {
  return document.activeElement?.closest?.("tr[data-server]")?.dataset.server ?? place.server;
}

function move(step, actions) {
  const name = neighbour(focusedRow(), step);
  if (name === null) return;
  if (place.server) actions.open(name, { keepFocus: true });
  focusRow(name);
}

export function toggleHelp() {
  const help = byId("help");
  if (help.open) help.close();
  else help.showModal();
}

function onKey(event, actions) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const tag = event.target.tagName;
  const typing = tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA";
  if (event.key === "Escape") {
    actions.escape();
  } else if (typing) {
    if (tag === "INPUT" && (event.key === "ArrowDown" || event.key === "Enter")) move(0, actions);
    else return;
  } else if (event.key === "/") {
    byId("search").focus();
    byId("search").select();
  } else if (event.key === "?") {
    toggleHelp();
  } else if (event.key === "j" || (event.key === "ArrowDown" && inList(event))) {
    move(1, actions);
  } else if (event.key === "k" || (event.key === "ArrowUp" && inList(event))) {
    move(-1, actions);
  } else {
    return;
  }
  event.preventDefault();
}

/* Elsewhere the arrows scroll, as everybody expects. */
function inList(event) {
  return event.target.closest("#servers") !== null;
}

/** `actions`: open(name, {keepFocus}), escape(). */
export function listenToKeys(actions) {
  document.addEventListener("keydown", (event) => onKey(event, actions));
}
