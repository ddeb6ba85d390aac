// QR codes (ISO/IEC 18004:2015) of short texts: byte mode, error correction level M, versions 1 to 20. Pure arithmetic; qr_view.js draws.

// Level M, by version (table 9): error correction codewords in each block, and the number of blocks.
const ECC_PER_BLOCK = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const LEVEL_M = 0b00;

/**
 * @param {string} text
 * @param {{mask?: number}} [options] 0 to 7; without, the one that reads best
 * @returns {boolean[][]} rows of modules, true is dark, without the quiet zone
 */
export function encodeQr(text, { mask } = {}) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, index) => bytes.length <= bytesFor(index + 1)) + 1;
  if (version === 0) throw new RangeError('The text is too long for a QR code.');
  const codewords = interleave(dataCodewords(bytes, version), version);
  const drawn = (/** @type {number} */ chosen) => draw(codewords, version, chosen);
  if (mask !== undefined) return drawn(mask);
  const candidates = Array.from({ length: 8 }, (_, index) => drawn(index));
  return candidates.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
}

/** @param {number} version */
function allCodewords(version) {
  const alignments = version === 1 ? 0 : Math.floor(version / 7) + 2;
  let modules = (16 * version + 128) * version + 64;
  if (alignments > 0) modules -= (25 * alignments - 10) * alignments - 55;
  if (version >= 7) modules -= 36;
  return Math.floor(modules / 8);
}

/** @param {number} version */
function dataLength(version) {
  return allCodewords(version) - (ECC_PER_BLOCK[version - 1] ?? 0) * (BLOCKS[version - 1] ?? 0);
}

/** @param {number} version */
function bytesFor(version) {
  return dataLength(version) - (version < 10 ? 2 : 3);
}

/**
 * §7.4: mode, length, data, terminator, padding.
 * @param {Uint8Array} bytes
 * @param {number} version
 */
function dataCodewords(bytes, version) {
  const lengthBits = version < 10 ? 8 : 16;
  const bits = [0b0100, bytes.length, ...bytes].flatMap((value, index) => toBits(value, index === 0 ? 4 : index === 1 ? lengthBits : 8));
  const capacity = dataLength(version) * 8;
  bits.push(...Array.from({ length: Math.min(4, capacity - bits.length) }, () => 0));
  while (bits.length % 8 !== 0) bits.push(0);
  const codewords = Array.from({ length: bits.length / 8 }, (_, at) => bits.slice(at * 8, at * 8 + 8).reduce((value, bit) => value * 2 + bit, 0));
  for (let pad = 0; codewords.length < dataLength(version); pad++) codewords.push(pad % 2 ? 0x11 : 0xec);
  return codewords;
}

/**
 * @param {number} value
 * @param {number} length
 */
function toBits(value, length) {
  return Array.from({ length }, (_, index) => (value >> (length - 1 - index)) & 1);
}

/**
 * §7.6: blocks, each with its error correction, column by column.
 * @param {number[]} data
 * @param {number} version
 */
function interleave(data, version) {
  const count = BLOCKS[version - 1] ?? 1;
  const eccLength = ECC_PER_BLOCK[version - 1] ?? 0;
  const short = Math.floor(data.length / count);
  const shortBlocks = count - (data.length % count);
  const generator = generatorOf(eccLength);
  const blocks = Array.from({ length: count }, (_, index) => {
    const start = index * short + Math.max(0, index - shortBlocks);
    return data.slice(start, start + short + (index >= shortBlocks ? 1 : 0));
  });
  const eccs = blocks.map((block) => remainder(block, generator));
  const column = (/** @type {number[][]} */ rows, /** @type {number} */ at) => rows.flatMap((row) => row[at] ?? []);
  return [...Array.from({ length: short + 1 }, (_, at) => column(blocks, at)), ...Array.from({ length: eccLength }, (_, at) => column(eccs, at))].flat();
}

/**
 * In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
 * @param {number} a
 * @param {number} b
 */
function multiply(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** @param {number} degree */
function generatorOf(degree) {
  /** @type {number[]} the coefficients below the highest, which is 1 */
  let polynomial = [...Array.from({ length: degree - 1 }, () => 0), 1];
  let root = 1;
  for (let step = 0; step < degree; step++) {
    polynomial = polynomial.map((coefficient, index) => multiply(coefficient, root) ^ (polynomial[index + 1] ?? 0));
    root = multiply(root, 2);
  }
  return polynomial;
}

/**
 * @param {number[]} data
 * @param {number[]} generator
 */
function remainder(data, generator) {
  let rest = generator.map(() => 0);
  for (const value of data) {
    const factor = value ^ (rest[0] ?? 0);
    rest = generator.map((coefficient, index) => (rest[index + 1] ?? 0) ^ multiply(coefficient, factor));
  }
  return rest;
}

/**
 * @param {number[]} codewords
 * @param {number} version
 * @param {number} mask
 */
function draw(codewords, version, mask) {
  const size = version * 4 + 17;
  /** @type {(boolean | undefined)[][]} undefined: not taken yet */
  const modules = Array.from({ length: size }, () => Array.from({ length: size }));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ dark) => {
    const row = modules[y];
    if (row && x >= 0 && x < size) row[x] = dark;
  };
  drawPatterns(set, size, version);
  drawFormat(set, size, mask);
  if (version >= 7) drawVersion(set, size, version);
  let at = 0;
  // §7.7.3: two columns at a time, from the right, up and down in turn, around the vertical timing pattern.
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (modules[y]?.[x] !== undefined) continue;
        const bit = ((codewords[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
        at += 1;
        set(x, y, (bit === 1) !== masks(mask, x, y));
      }
    }
  }
  return /** @type {boolean[][]} */ (modules);
}

/** @typedef {(x: number, y: number, dark: boolean) => void} Set */

/**
 * Finder, alignment and timing patterns, §6.3.
 * @param {Set} set
 * @param {number} size
 * @param {number} version
 */
function drawPatterns(set, size, version) {
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  for (const [cx, cy] of /** @type {const} */ ([[3, 3], [size - 4, 3], [3, size - 4]])) square(set, cx, cy, 4, (ring) => ring !== 2 && ring !== 4);
  const centres = alignmentCentres(version, size);
  for (const cy of centres)
    for (const cx of centres) {
      const nearFinder = (cx === 6 && (cy === 6 || cy === size - 7)) || (cy === 6 && cx === size - 7);
      if (!nearFinder) square(set, cx, cy, 2, (ring) => ring !== 1);
    }
}

/**
 * @param {number} version
 * @param {number} size
 */
function alignmentCentres(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, index) => size - 7 - step * index).reverse()];
}

/**
 * @param {Set} set
 * @param {number} cx
 * @param {number} cy
 * @param {number} radius
 * @param {(ring: number) => boolean} dark
 */
function square(set, cx, cy, radius, dark) {
  for (let dy = -radius; dy <= radius; dy++) for (let dx = -radius; dx <= radius; dx++) set(cx + dx, cy + dy, dark(Math.max(Math.abs(dx), Math.abs(dy))));
}

/**
 * Both copies of level and mask with their BCH code, §7.9.
 * @param {Set} set
 * @param {number} size
 * @param {number} mask
 */
function drawFormat(set, size, mask) {
  const data = (LEVEL_M << 3) | mask;
  const bits = ((data << 10) | bch(data, 0x537, 10)) ^ 0x5412;
  const bit = (/** @type {number} */ index) => ((bits >> index) & 1) === 1;
  for (let index = 0; index < 15; index++) {
    const along = index < 6 ? index : index < 8 ? index + 1 : 14 - index;
    if (index < 8) set(8, along, bit(index));
    else set(index === 8 ? 7 : along, 8, bit(index));
    if (index < 8) set(size - 1 - index, 8, bit(index));
    else set(8, size - 15 + index, bit(index));
  }
  set(8, size - 8, true);
}

/**
 * §7.10.
 * @param {Set} set
 * @param {number} size
 * @param {number} version
 */
function drawVersion(set, size, version) {
  const bits = (version << 12) | bch(version, 0x1f25, 12);
  for (let index = 0; index < 18; index++) {
    const dark = ((bits >> index) & 1) === 1;
    const across = size - 11 + (index % 3);
    set(across, Math.floor(index / 3), dark);
    set(Math.floor(index / 3), across, dark);
  }
}

/**
 * @param {number} data
 * @param {number} polynomial
 * @param {number} degree
 */
function bch(data, polynomial, degree) {
  let rest = data;
  for (let step = 0; step < degree; step++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * polynomial);
  return rest;
}

/**
 * §7.8.2.
 * @param {number} mask
 * @param {number} x
 * @param {number} y
 */
function masks(mask, x, y) {
  switch (mask) {
    case 0: return (x + y) % 2 === 0;
    case 1: return y % 2 === 0;
    case 2: return x % 3 === 0;
    case 3: return (x + y) % 3 === 0;
    case 4: return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
    case 5: return ((x * y) % 2) + ((x * y) % 3) === 0;
    case 6: return (((x * y) % 2) + ((x * y) % 3)) % 2 === 0;
    default: return (((x + y) % 2) + ((x * y) % 3)) % 2 === 0;
  }
}

/**
 * §7.8.3: runs, blocks, what looks like a finder, and an imbalance of dark and light.
 * @param {boolean[][]} modules
 */
function penalty(modules) {
  const columns = modules.map((_, x) => modules.map((row) => row[x] === true));
  let sum = 0;
  for (const line of [...modules, ...columns]) {
    const text = line.map((dark) => (dark ? '1' : '0')).join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    for (const pattern of ['10111010000', '00001011101']) for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) sum += 40;
  }
  let dark = 0;
  modules.forEach((row, y) =>
    row.forEach((module, x) => {
      dark += module ? 1 : 0;
      const below = modules[y + 1];
      if (below && x + 1 < row.length && module === row[x + 1] && module === below[x] && module === below[x + 1]) sum += 3;
    }),
  );
  return sum + 10 * Math.floor(Math.abs((100 * dark) / modules.length ** 2 - 50) / 5);
}
