/* A value that components subscribe to: they are drawn anew when what they select of it changes. */

import { useLayoutEffect, useState } from "./html.js";

export function makeStore(initial) {
  let state = initial;
  const listeners = new Set();

  function set(changes) {
    state = { ...state, ...changes };
    for (const listener of [...listeners]) listener(state);
  }

  function subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The value that `select` takes from the state; the component is drawn anew when it changes. */
  function use(select) {
    const [, redraw] = useState(0);
    const now = select(state);
    useLayoutEffect(() => {
      let known = now;
      const check = () => {
        const next = select(state);
        if (Object.is(next, known)) return;
        known = next;
        redraw((n) => n + 1);
      };
      check(); // it may have changed between drawing and subscribing
      return subscribe(check);
    });
    return now;
  }

  return { get: () => state, set, subscribe, use };
}
