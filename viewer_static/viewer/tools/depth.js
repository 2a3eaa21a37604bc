/**
 * The values of a slice in full depth: fetched once, drawn under any window on a 2D canvas without asking the server. How
 * they travel is told in app/imaging/display/full_depth.py; which window is wanted, in windowing.js.
 *
 * @typedef {import('../stage/window_level.js').Window} Window
 * @typedef {{rows: number, columns: number, least: number, slope: number, intercept: number, inverted: boolean,
 *            window: Window | null, values: Uint16Array, most: number}} Depth  most: the largest of the values
 */
import { CannotShow } from '../loading/api.js';
import { Lru } from '../loading/pictures.js';

const KEPT_VALUES = 6 * 1024 * 1024; // 12 MB: 24 slices of 512 × 512, one of 2048 × 2048

/** @param {ArrayBuffer} buffer @returns {Depth} @throws {Error} when it is not what was sent */
export function parsed(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const told = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const { rows, columns } = told;
  const planes = new Uint8Array(buffer, 4 + length);
  const size = rows * columns;
  if (!(size > 0) || planes.length !== 2 * size) throw new Error('not the values of a frame');
  const values = new Uint16Array(size);
  let most = 0, sum = 0;
  for (let i = 0, y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1, i += 1) {
      const folded = (planes[i] << 8) | planes[size + i];
      const near = x === 0 ? (y === 0 ? 0 : values[i - columns])
        : y === 0 ? values[i - 1] : (values[i - 1] + values[i - columns]) >> 1;
      const value = (near + ((folded >> 1) ^ -(folded & 1))) & 0xffff;
      values[i] = value;
      if (value > most) most = value;
      sum += value;
    }
  }
  if (sum % 4294967296 !== told.sum) throw new Error('values were changed on their way');
  return Object.assign(told, { values, most });
}

/** The grey level of each value from 0 to the largest, as the server draws a window (PS3.3 C.11.2.1.2). @param {Depth} depth
 *  @param {Window} window @returns {Uint8Array} */
export function levels(depth, window) {
  const { least, slope, intercept, inverted } = depth;
  const threshold = window.width === 1;
  const center = window.width > 1 ? window.center - 0.5 : window.center;
  const width = window.width > 1 ? window.width - 1 : window.width;
  const found = new Uint8Array(depth.most + 1);
  for (let i = 0; i <= depth.most; i += 1) {
    const value = (least + i) * slope + intercept;
    const grey = threshold ? (value > window.center - 0.5 ? 255 : 0) : ((value - center) / width + 0.5) * 255;
    const level = Math.floor(Math.max(0, Math.min(255, grey)) + 0.5);
    found[i] = inverted ? 255 - level : level;
  }
  return found;
}

/** The value at a place of the picture, in modality units; null beside it. @param {Depth} depth
 *  @param {{x: number, y: number}} share @returns {number | null} */
export function valueAt(depth, share) {
  const x = Math.floor(share.x * depth.columns), y = Math.floor(share.y * depth.rows);
  if (x < 0 || y < 0 || x >= depth.columns || y >= depth.rows) return null;
  return (depth.least + depth.values[y * depth.columns + x]) * depth.slope + depth.intercept;
}

export class Depths {
  /** @param {import('../loading/api.js').Api} api */
  constructor(api) {
    this.api = api;
    /** @type {Lru<Depth>} */
    this.kept = new Lru(KEPT_VALUES, (depth) => depth.values.length);
    /** Series whose values the server does not give. @type {Set<number>} */
    this.refused = new Set();
    /** @type {Set<string>} */
    this.running = new Set();
    this.canvas = document.createElement('canvas');
    /** @type {ImageData | null} */
    this.image = null;
  }

  /** @param {import('../state.js').View} view @returns {Depth | undefined} */
  of(view) {
    return this.kept.get(key(view));
  }

  /** Fetches the values of one slice, once. @param {import('../state.js').View} view @param {() => void} arrived */
  async want(view, arrived) {
    const { series, k } = view;
    const wanted = key(view);
    if (series.tiles || this.refused.has(series.n) || this.kept.has(wanted) || this.running.has(wanted)) return;
    this.running.add(wanted);
    try {
      const body = new Response(await this.api.blob(this.api.valuesUrl(series.n, k))); // old engines: no bytes of a blob
      const buffer = await body.arrayBuffer();
      this.kept.set(wanted, parsed(buffer));
      arrived();
    } catch (fault) {
      if (fault instanceof CannotShow) this.refused.add(series.n); // the server's own windows stay
    }
    this.running.delete(wanted);
  }

  /** One canvas for all: what was drawn before is gone. @param {Depth} depth @param {Window} window */
  drawn(depth, window) {
    const { canvas } = this;
    const context = canvas.getContext('2d');
    if (!context) return canvas;
    if (!this.image || this.image.width !== depth.columns || this.image.height !== depth.rows) {
      canvas.width = depth.columns;
      canvas.height = depth.rows;
      this.image = context.createImageData(depth.columns, depth.rows);
    }
    const table = Uint32Array.from(levels(depth, window), (level) => 0xff000000 | (level << 16) | (level << 8) | level);
    const pixels = new Uint32Array(this.image.data.buffer);
    const { values } = depth;
    for (let i = 0; i < pixels.length; i += 1) pixels[i] = table[values[i]];
    context.putImageData(this.image, 0, 0);
    return canvas;
  }
}

/** @param {import('../state.js').View} view */
function key(view) {
  return `${view.series.n}/${view.k}`;
}
