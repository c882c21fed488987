/* Who looks at the page, and what they may do. */

import { get, paths } from "./api.js";
import { failed } from "./live.js";
import { makeStore } from "./store.js";

export const session = makeStore({ name: "", role: "", expires_at: null });

const RANK = { viewer: 1, operator: 2, admin: 3 };

/** Has the reader at least that role? For what is offered; the collector decides. */
export function useMay(role) {
  return session.use((state) => (RANK[state.role] ?? 0) >= RANK[role]);
}

export async function askSession() {
  try {
    session.set((await get(paths.session())).body);
  } catch (error) {
    failed(error);
  }
}
