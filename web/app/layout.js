// Where the tiles go: pure arithmetic on a stage of W × H pixels. Leaves room for more layouts; stage.js applies the result.

/** @typedef {{x: number, y: number, w: number, h: number, floating?: boolean}} Place */

const WIDEST = 16 / 9;
// Faces keep their shoulders: a landscape stage gets landscape tiles.
const TALLEST = { landscape: 4 / 3, portrait: 3 / 4 };

/**
 * `count` tiles, as large as they can be with an aspect ratio near that of a camera, centred, the last row centred too.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 * @returns {Place[]}
 */
export function grid(count, width, height, gap) {
  const tallest = width > height ? TALLEST.landscape : TALLEST.portrait;
  let best = { columns: 1, w: 0, h: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellW = (width - gap * (columns - 1)) / columns;
    const cellH = (height - gap * (rows - 1)) / rows;
    if (cellW <= 0 || cellH <= 0) continue;
    const w = Math.min(cellW, cellH * WIDEST);
    const h = Math.min(cellH, cellW / tallest);
    if (w * h > best.w * best.h) best = { columns, w, h };
  }
  return rowsOf(count, best.columns).flatMap((inRow, row, rows) => {
    const left = (width - inRow * best.w - gap * (inRow - 1)) / 2;
    const top = (height - rows.length * best.h - gap * (rows.length - 1)) / 2 + row * (best.h + gap);
    return Array.from({ length: inRow }, (_, column) => ({ x: left + column * (best.w + gap), y: top, w: best.w, h: best.h }));
  });
}

/**
 * One other person large, this side small in the corner.
 * @param {number} width
 * @param {number} height
 * @param {number} margin
 * @returns {[Place, Place]}
 */
export function pair(width, height, margin) {
  const portrait = height > width;
  const w = Math.round(Math.min(portrait ? width * 0.3 : width * 0.22, 300));
  const h = Math.round(portrait ? (w * 4) / 3 : (w * 9) / 16);
  return [
    { x: 0, y: 0, w: width, h: height },
    { x: width - w - margin, y: height - h - margin, w, h, floating: true },
  ];
}

/**
 * One tile large (a shared screen), the others in a strip beside or below it.
 * @param {number} count all tiles; the first is the large one
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 * @returns {Place[]}
 */
export function spotlight(count, width, height, gap) {
  const others = count - 1;
  if (others === 0) return [{ x: 0, y: 0, w: width, h: height }];
  const beside = width > height * 1.2;
  const room = beside ? height : width;
  const along = Math.min((room - gap * (others - 1)) / others, beside ? 150 : 170);
  const across = beside ? (along * 16) / 9 : along * 0.8;
  const first = (room - along * others - gap * (others - 1)) / 2;
  const strip = Array.from({ length: others }, (_, i) => {
    const at = first + i * (along + gap);
    return beside ? { x: width - across, y: at, w: across, h: along } : { x: at, y: height - across, w: along, h: across };
  });
  const large = beside ? { x: 0, y: 0, w: width - across - gap, h: height } : { x: 0, y: 0, w: width, h: height - across - gap };
  return [large, ...strip];
}

/**
 * @param {number} count
 * @param {number} columns
 */
function rowsOf(count, columns) {
  const rows = Math.ceil(count / columns);
  return Array.from({ length: rows }, (_, row) => Math.min(columns, count - row * columns));
}
