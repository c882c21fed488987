/*
 * Making elements. Everything that a report says is text from a stranger, so every text, title and
 * label of every component passes through plain() here, whoever wrote the component; markup in a
 * text stays text. What comes from a report also stands in a <bdi>, so that its direction is its own.
 */

import htm from "./htm.js";
import { h } from "./preact.js";

export { Component, render, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./preact.js";

const DISGUISE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const READ_OUT = ["title", "aria-label", "alt", "label", "placeholder"];

/** The text with control characters and direction marks spelled out. */
export function plain(value) {
  return String(value).replace(DISGUISE, (c) =>
    `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

function shown(child) {
  if (Array.isArray(child)) return child.map(shown);
  return typeof child === "string" ? plain(child) : child;
}

function element(tag, props, ...children) {
  for (const name of READ_OUT) {
    if (typeof props?.[name] === "string") props = { ...props, [name]: plain(props[name]) };
  }
  if (props?.dangerouslySetInnerHTML) throw new Error("markup out of a text");
  return h(tag, props, ...children.map(shown));
}

export const html = htm.bind(element);
