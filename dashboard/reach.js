/* The reachability of a site, ready to be drawn: rows, columns, cells, totals. Pure: no page, no network. */

import { duration, GRADE_MEANING, GRADES } from "./words.js";

const rank = (grade) => GRADES.indexOf(grade);

/** How a cell looks: "ok", "short" (below what others prove), "dead" (nobody proves the peer), "none". */
export function toneOf(cell) {
  if (!cell?.grade) return "none";
  if (cell.proven && rank(cell.grade) < rank(cell.proven)) return rank(cell.grade) >= 2 ? "part" : "short";
  return rank(cell.grade) >= 2 ? "ok" : "dead";
}

export const TONES = {
  ok: ["✓", "reached"], part: ["◆", "reached less far than others"], short: ["✕", "not reached, though others do"],
  dead: ["○", "not reached by anybody"], none: ["·", "not probed"], self: ["", "itself"],
};

/** A cell in words: how far, why not further, for how long, which way. */
export function cellText(cell) {
  if (!cell?.grade) return "not probed";
  return [GRADE_MEANING[cell.grade], cell.error && `(${cell.error})`,
    cell.for_s !== null && cell.for_s !== undefined && `for ${duration(cell.for_s)}`,
    cell.via && `via ${cell.via}`, cell.ms !== null && cell.ms !== undefined && `in ${cell.ms.toLocaleString()} ms`,
    toneOf(cell) === "short" || toneOf(cell) === "part" ? `– others prove: ${GRADE_MEANING[cell.proven]}` : ""].filter(Boolean).join(" ");
}

function count(cells, tones) {
  return cells.filter((cell) => tones.includes(toneOf(cell))).length;
}

/** {rows: [{adapter, index, cells, reached, probed, bad}], columns: [{peer, index, reached, probed, bad}]} */
export function reachOf(matrix) {
  const table = matrix.adapters.map(() => new Array(matrix.peers.length).fill(null));
  for (const cell of matrix.cells) if (table[cell.from]) table[cell.from][cell.to] = cell;
  const rows = matrix.adapters.map((adapter, index) => {
    const cells = table[index];
    return { adapter, index, cells, reached: count(cells, ["ok", "part"]), probed: cells.filter((c) => c?.grade).length,
      bad: ["isolated", "partial", "borrowed"].includes(adapter.state) };
  });
  const columns = matrix.peers.map((peer, index) => {
    const cells = table.map((row) => row[index]);
    const probed = cells.filter((c) => c?.grade).length;
    const reached = count(cells, ["ok", "part"]);
    return { peer, index, probed, reached, bad: probed > 0 && reached === 0 };
  });
  return { rows, columns };
}

/** The cells of the way back: from the adapters of the hosts that carry the peer, to the row's server. */
export function waysBack(matrix, row, peer) {
  const hosts = new Set(peer.servers.map((name) => name.toLowerCase()));
  const own = row.adapter.server.toLowerCase();
  const to = matrix.peers.findIndex((p) => p.servers.some((name) => name.toLowerCase() === own));
  return matrix.cells.filter((cell) => cell.to === to && hosts.has(matrix.adapters[cell.from]?.server.toLowerCase()))
    .map((cell) => ({ adapter: matrix.adapters[cell.from], cell }));
}

export function isSelf(row, peer) {
  return peer.servers.some((name) => name.toLowerCase() === row.adapter.server.toLowerCase());
}
