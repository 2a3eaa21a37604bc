/**
 * The sensor's own pixels of an X-ray: tiles of 512 pixels, drawn over the prepared picture as far as the zoom needs them.
 * Which tiles a place needs is pure maths; the viewport draws them under its own transform.
 *
 * @typedef {{size: number, levels: number}} Pyramid
 * @typedef {{level: number, x: number, y: number}} Tile
 * @typedef {{left: number, top: number, right: number, bottom: number}} Part  shares of the picture's sides
 */
import { Lru, decodeJpeg, release } from '../loading/pictures.js';

const PREPARED = 1024; // pixels of the picture beneath: with fewer on the screen it is sharp by itself
const CONCURRENT = 3;
const KEPT_PIXELS = 12 * 1024 * 1024; // 48 MB

/** Pictures by their address, each asked for once; what is not used goes first. */
export class Fetched {
  /** @param {import('../loading/api.js').Api} api @param {number} pixels  at most @param {(came: boolean) => void} ended */
  constructor(api, pixels, ended) {
    this.api = api;
    this.ended = ended;
    /** @type {Lru<import('../loading/pictures.js').Picture>} */
    this.kept = new Lru(pixels, (picture) => picture.width * picture.height, release);
    /** @type {Set<string>} */
    this.running = new Set();
    /** @type {Set<string>} */
    this.refused = new Set();
  }

  /** @param {string} address */
  async bring(address) {
    if (this.running.has(address) || this.refused.has(address)) return;
    this.running.add(address);
    try {
      this.kept.set(address, await decodeJpeg(await this.api.blob(address)));
    } catch (fault) {
      this.refused.add(address); // the picture beneath stays
    }
    this.running.delete(address);
    this.ended(this.kept.has(address));
  }
}

/** The coarsest level that is still sharp. @param {number} pixels  of the screen for one of the sensor
 *  @param {number} levels */
export function levelFor(pixels, levels) {
  return Math.max(0, Math.min(levels - 1, Math.floor(Math.log2(1 / pixels) + 0.01)));
}

/** The tiles of a level that touch a part, nearest to its middle first. @returns {Tile[]} @param {Part} part
 *  @param {number} level @param {{rows: number, columns: number}} picture @param {number} size */
export function tilesOf(part, level, picture, size) {
  const side = size * Math.pow(2, level);
  const range = (/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ length) => {
    const first = Math.max(0, Math.floor((low * length) / side));
    const last = Math.min(Math.ceil(length / side), Math.ceil((high * length) / side));
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  };
  const xs = range(part.left, part.right, picture.columns), ys = range(part.top, part.bottom, picture.rows);
  const far = (/** @type {Tile} */ tile) =>
    Math.abs(((tile.x + 0.5) * side) / picture.columns - (part.left + part.right) / 2)
    + Math.abs(((tile.y + 0.5) * side) / picture.rows - (part.top + part.bottom) / 2);
  return ys.map((y) => xs.map((x) => ({ level, x, y }))).reduce((all, row) => all.concat(row), [])
    .sort((a, b) => far(a) - far(b));
}

export class Tiles {
  /** @param {{viewport: import('../stage/viewport.js').Viewport, canvas: HTMLCanvasElement,
   *  state: {view: import('../state.js').View}, screen: {shown: import('../state.js').View | null},
   *  api: import('../loading/api.js').Api}} viewer  or one of two panels */
  constructor(viewer) {
    this.viewer = viewer;
    this.fetched = new Fetched(viewer.api, KEPT_PIXELS, () => { viewer.viewport.draw(); this.fetch(); });
    /** @type {string[]} */
    this.wanted = [];
    viewer.viewport.detail = (context) => this.paint(context);
  }

  /** @param {CanvasRenderingContext2D} context  its origin in the picture's middle */
  paint(context) {
    const { viewport, state, screen, canvas } = this.viewer;
    const { series } = state.view;
    this.wanted = [];
    delete canvas.dataset.level;
    if (!series.tiles || screen.shown !== state.view || viewport.retouch || viewport.pixels() <= PREPARED) return;
    const [width, height] = this.extent();
    const level = levelFor((width * (window.devicePixelRatio || 1)) / series.columns, series.tiles.levels);
    const side = series.tiles.size * Math.pow(2, level);
    const tiles = tilesOf(this.part(), level, series, series.tiles.size);
    let here = 0;
    tiles.forEach((tile) => {
      const key = this.key(tile);
      const picture = this.fetched.kept.get(key);
      if (!picture) {
        this.wanted.push(key);
        return;
      }
      here += 1;
      const [left, top] = [tile.x * side, tile.y * side];
      const [w, h] = [Math.min(side, series.columns - left), Math.min(side, series.rows - top)];
      context.drawImage(picture, (left / series.columns - 0.5) * width, (top / series.rows - 0.5) * height,
        (w / series.columns) * width, (h / series.rows) * height);
    });
    canvas.dataset.level = String(level);
    canvas.dataset.tiles = `${here}/${tiles.length}`;
    this.fetch();
  }

  /** The picture's own width and height on the stage, before it is turned. */
  extent() {
    const { viewport } = this.viewer;
    const fit = viewport.fit();
    const { zoom } = viewport.transform;
    return viewport.pose.turns % 2 ? [fit.height * zoom, fit.width * zoom] : [fit.width * zoom, fit.height * zoom];
  }

  /** What of the picture is on the stage. @returns {Part} */
  part() {
    const { viewport } = this.viewer;
    const { width, height } = viewport.size();
    const [a, b] = [viewport.shareAt({ x: -width / 2, y: -height / 2 }), viewport.shareAt({ x: width / 2, y: height / 2 })];
    const within = (/** @type {number} */ share) => Math.max(0, Math.min(1, share));
    return {
      left: within(Math.min(a.x, b.x)), top: within(Math.min(a.y, b.y)),
      right: within(Math.max(a.x, b.x)), bottom: within(Math.max(a.y, b.y)),
    };
  }

  /** The address is the key. @param {Tile} tile */
  key(tile) {
    const { series, k, window } = this.viewer.state.view;
    const query = window ? `?wc=${window.center}&ww=${window.width}` : '';
    return `${this.viewer.api.base}/series/${series.n}/frames/${k}/tiles/${tile.level}/${tile.x}/${tile.y}.jpg${query}`;
  }

  fetch() {
    const { running, refused } = this.fetched;
    const next = this.wanted.filter((key) => !running.has(key) && !refused.has(key));
    next.slice(0, CONCURRENT - running.size).forEach((key) => this.fetched.bring(key));
  }
}
