/* A server in the list. Drawn anew only when something about it is new. */

import { Badge } from "./badge.js";
import { Component, html } from "./html.js";
import { goTo, placeUrl } from "./place.js";
import { remedyLine, serviceWord, why } from "./words.js";
import { Age } from "./when.js";

function openIt(event, name) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (event.currentTarget.tagName !== "A" && String(getSelection()) !== "") return; // somebody copies
  event.preventDefault();
  event.stopPropagation();
  goTo({ server: name });
}

function Mta({ state }) {
  const tone = state === "running" ? "on" : state ? "off" : "none";
  return html`<span class="mta mta-${tone}">${state ? serviceWord(state) : "–"}</span>`;
}

export class Row extends Component {
  shouldComponentUpdate(next) {
    return next.server !== this.props.server || next.changed !== this.props.changed || next.url !== this.props.url;
  }

  render({ server, changed, url }) {
    const { line, text } = why(server);
    const fix = remedyLine(server);
    const alias = server.exchange_server && server.exchange_server.toLowerCase() !== server.server.toLowerCase();
    const open = (event) => openIt(event, server.server);
    return html`<tr class=${`row v-${server.silent ? "silent" : server.verdict}${changed ? " changed" : ""}`}
        data-server=${server.server} onClick=${open}>
      <td class="c-verdict"><${Badge} server=${server} /></td>
      <th scope="row" class="c-server"><a class="name" href=${url} onClick=${open}><bdi>${server.server}</bdi></a>
        ${alias && html`<span class="place">as <bdi>${server.exchange_server}</bdi></span>`}</th>
      <td class="c-site"><span class="place" title=${[server.organization, server.site].filter(Boolean).join(" / ")}>
        <bdi>${server.site || "–"}</bdi></span></td>
      <td class="c-why"><span class="why" title=${text}><bdi>${line}</bdi></span>
        ${fix && html`<span class="fix" title=${fix}><bdi>${fix}</bdi></span>`}</td>
      <td class="c-since"><${Age} at=${server.since} /></td>
      <td class="c-report">${server.reported_at ? html`<${Age} at=${server.reported_at} ago
        lateAfter=${2 * (server.interval_s ?? 0)} />` : "never"}</td>
      <td class="c-mta"><${Mta} state=${server.mta} /></td>
      <td class="c-build"><bdi>${server.build ?? "–"}</bdi></td>
    </tr>`;
  }
}

export function rowUrl(name) {
  return placeUrl({ server: name });
}
