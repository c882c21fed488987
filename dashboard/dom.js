/*
 * Making elements. Everything that a report says is text from a stranger: it enters the page only
 * through here, as text nodes, and what could disguise it is made visible.
 */

const SVG = "http://www.w3.org/2000/svg";
const DISGUISE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** The text with control characters and direction marks spelled out. */
export function plain(value) {
  return String(value).replace(DISGUISE, (c) =>
    `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`);
}

/** An element; attributes of value null or false are left out, children may be texts or nested arrays. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : name === "title" ? plain(value) : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : plain(child));
  }
}

/** A value out of a report, kept apart from the direction of the text around it. */
export function value(text, attributes = {}) {
  return el("bdi", attributes, text);
}

export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

export function setText(node, text) {
  const shown = plain(text);
  if (node.textContent !== shown) node.textContent = shown;
}

export function svg(className, ...paths) {
  const node = document.createElementNS(SVG, "svg");
  node.setAttribute("viewBox", "0 0 16 16");
  node.setAttribute("class", className);
  node.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    node.append(path);
  }
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}
