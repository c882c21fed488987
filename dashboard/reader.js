/*
 * The reader: who looks at the page and what they may do; and their settings, kept by the browser: colours,
 * density, and whose time is shown.
 */

import { get, paths } from "./api.js";
import { noteFailure } from "./live.js";
import { makeStore } from "./store.js";

/* ---- session ---- */

export const session = makeStore({ name: "", role: "", by: "", expires_at: null });

const RANK = { viewer: 1, operator: 2, admin: 3 };

/** Has the reader at least that role? Decides what the page offers; the collector decides what is done. */
export function useHasRole(role) {
  return session.use((state) => (RANK[state.role] ?? 0) >= RANK[role]);
}

export async function loadSession() {
  try {
    session.set((await get(paths.session())).body);
  } catch (error) {
    noteFailure(error);
  }
}

/* ---- settings ---- */

const KEY = "mtawatch";
const CHOICES = {
  theme: ["auto", "light", "dark"], density: ["compact", "roomy"], zone: ["local", "utc"],
  trend: innerWidth > 700 && innerHeight > 850 ? ["open", "folded"] : ["folded", "open"], // the list comes first
  network: ["open", "folded"],
};

function readSettings() {
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    // Nothing is kept, or the browser keeps nothing for this page.
  }
  return Object.fromEntries(Object.entries(CHOICES).map(([name, choices]) =>
    [name, choices.includes(stored[name]) ? stored[name] : choices[0]]));
}

export const settings = makeStore(readSettings());

function apply(state) {
  const { dataset } = document.documentElement;
  if (state.theme === "auto") delete dataset.theme;
  else dataset.theme = state.theme;
  dataset.density = state.density;
}

settings.subscribe((state) => {
  apply(state);
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // The setting holds until the page is left, then.
  }
});
apply(settings.get());

/** Changes a setting to its next choice. */
export function chooseNext(name) {
  const choices = CHOICES[name];
  settings.set({ [name]: choices[(choices.indexOf(settings.get()[name]) + 1) % choices.length] });
}
