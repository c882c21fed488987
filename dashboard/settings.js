/* What a reader prefers, kept by the browser: colours, density, and whose time is shown. */

import { makeStore } from "./store.js";

const KEY = "mtawatch";
const CHOICES = { theme: ["auto", "light", "dark"], density: ["compact", "roomy"], zone: ["local", "utc"] };

function read() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    // Nothing is kept, or the browser keeps nothing for this page.
  }
  return Object.fromEntries(Object.entries(CHOICES).map(([name, choices]) =>
    [name, choices.includes(kept[name]) ? kept[name] : choices[0]]));
}

export const settings = makeStore(read());

function apply(state) {
  const { dataset } = document.documentElement;
  if (state.theme === "auto") delete dataset.theme;
  else dataset.theme = state.theme;
  dataset.density = state.density;
}

settings.follow((state) => {
  apply(state);
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // It holds until the page is left, then.
  }
});
apply(settings.get());

/** Goes on to the next choice. */
export function turn(name) {
  const choices = CHOICES[name];
  settings.set({ [name]: choices[(choices.indexOf(settings.get()[name]) + 1) % choices.length] });
}
