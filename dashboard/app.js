/* Brings it together: what is on every page, and the page that the address names. */

import { Alerts } from "./alerts.js";
import { beginFleet, fleet } from "./fleet.js";
import { Header, Help, Trouble } from "./header.js";
import { html, plain, render, useEffect } from "./html.js";
import { listenToKeys } from "./keys.js";
import { List, Strip } from "./list.js";
import { begin, isLive, live } from "./live.js";
import { MatrixPage } from "./matrix.js";
import { Operator } from "./operator.js";
import { Guard, useClock } from "./parts.js";
import { place } from "./place.js";
import { askSession } from "./reader.js";
import { ServerPage } from "./server.js";
import { Sites } from "./sites.js";

const PAGES = { servers: List, sites: Sites, matrix: MatrixPage, alerts: Alerts, operator: Operator };

/* What a screen reader hears of changes; sighted readers see them in their rows. */
function News() {
  return html`<p class="visually-hidden" id="news" role="status" aria-live="polite">${fleet.use((state) => state.news)}</p>`;
}

function App() {
  const { page, server } = place.use((state) => state);
  const stale = useClock(() => {
    const state = live.get();
    return state.answeredAt !== null && !isLive(state);
  });
  useEffect(() => {
    document.body.classList.toggle("stale", stale);
  }, [stale]);
  useEffect(() => {
    document.title = [plain(server) || (page === "servers" ? "" : page), "mtawatch"].filter(Boolean).join(" – ");
  }, [page, server]);
  return html`<${Header} /><${Trouble} /><${Strip} />
    <div class="layout"><${Guard} key=${`${page} ${server}`}>${server && page === "servers"
    ? html`<${ServerPage} name=${server} />` : html`<${PAGES[page]} />`}<//></div>
    <${News} /><${Help} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
listenToKeys();
beginFleet();
begin();
askSession();
