/*
 * Makes elements. Everything that a report says is text from a stranger, so every text, title and
 * label of every component passes through plain() here, whoever wrote the component; markup in a
 * text stays text. A text of a report also stands in a <bdi>, so that its direction is its own.
 */

import { html as htm } from "./preact.js";

export { Component, render, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./preact.js";

const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const TEXT_PROPS = ["title", "aria-label", "alt", "label", "placeholder"];

/** The text with control characters and direction marks spelled out. */
export function plain(value) {
  return String(value).replace(INVISIBLE, (c) =>
    `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

/* The elements of a template with every text made plain; those of templates within it already are. */
function sanitized(child) {
  if (typeof child === "string") return plain(child);
  if (Array.isArray(child)) return child.map(sanitized);
  const props = child?.props;
  if (!props) return child;
  if (props.dangerouslySetInnerHTML) throw new Error("markup out of a text");
  for (const name of TEXT_PROPS) if (typeof props[name] === "string") props[name] = plain(props[name]);
  props.children = sanitized(props.children);
  return child;
}

export function html(template, ...values) {
  return sanitized(htm(template, ...values));
}
