/* A cell of the matrix, and what is said of it while it is looked at: both directions. */

import { Component, html } from "./html.js";
import { cellText, isSelf, TONES, toneOf, waysBack } from "./reach.js";
import { Age } from "./when.js";

export class MatrixCell extends Component {
  shouldComponentUpdate(next) {
    return next.cell !== this.props.cell || next.inOrder !== this.props.inOrder || next.seen !== this.props.seen ||
      next.row.adapter.silent !== this.props.row.adapter.silent || next.at !== this.props.at;
  }

  render({ row, peer, cell, at, inOrder, seen, onLook, onHover }) {
    const tone = isSelf(row, peer) ? "self" : toneOf(cell);
    const old = row.adapter.silent && tone !== "self" && tone !== "none";
    const label = `${row.adapter.server} ${row.adapter.adapter} to ${peer.name}: ${tone === "self" ? "itself" : cellText(cell)}`;
    return html`<td class=${`cell t-${tone}${old ? " old" : ""}${seen ? " seen" : ""}`} data-at=${at} tabindex=${inOrder ? 0 : -1}
      aria-label=${label} onFocus=${onLook} onMouseEnter=${onHover}>${TONES[tone][0]}</td>`;
  }
}

function Way({ from, to, cell }) {
  const tone = toneOf(cell);
  return html`<p><span class="cell t-${tone}" aria-hidden="true">${TONES[tone][0]}</span> <bdi>${from}</bdi> → <bdi>${to}</bdi>:
    <bdi>${cellText(cell)}</bdi>${cell?.at && html`<span class="quiet">, seen <${Age} at=${cell.at} ago /></span>`}</p>`;
}

export function CellFacts({ matrix, row, column }) {
  if (!row || !column) return html`<div class="cell-facts quiet" id="cell-facts">Point at a cell, or go to it with Tab and the arrow keys, for both directions.</div>`;
  const { peer, index } = column;
  const name = `${row.adapter.server} ${row.adapter.adapter}`;
  if (isSelf(row, peer)) return html`<div class="cell-facts quiet" id="cell-facts"><bdi>${peer.name}</bdi> is this server itself.</div>`;
  const back = waysBack(matrix, row, peer);
  return html`<div class="cell-facts" id="cell-facts"><${Way} from=${name} to=${peer.name} cell=${row.cells[index]} />
    ${back.length === 0 ? html`<p class="quiet">No way back was probed.</p>` : back.map(({ adapter, cell }) => html`
    <${Way} from=${`${adapter.server} ${adapter.adapter}`} to=${row.adapter.server} cell=${cell} />`)}</div>`;
}
