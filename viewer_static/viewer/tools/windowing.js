/**
 * A drag that changes centre and width. It brings the slice's values in full depth (depth.js), and from then on each
 * window is drawn here. Until they are there, the picture on the stage itself is made brighter or harder while the drag
 * moves, and the server draws the slice when it rests; so it stays where the server gives no values. Numbers are readable
 * all the while.
 *
 * @typedef {import('../stage/window_level.js').Window} Window
 * @typedef {import('../state.js').View} View
 */
import { windowKey } from '../stage/window_level.js';
import { Depths, valueAt } from './depth.js';

const REST_MS = 150;
const PROBE_MS = 400;
const PIXELS = 256; // of drag that change the width by itself, or the centre by the width

/** Grey levels of a picture under one window -> those under another, as far as the picture tells. @param {Window} from
 *  @param {Window} to @returns {Uint8ClampedArray} */
export function curve(from, to) {
  const levels = new Uint8ClampedArray(256);
  for (let i = 0; i < 256; i += 1) {
    const value = (i / 255 - 0.5) * from.width + from.center;
    levels[i] = ((value - to.center) / to.width + 0.5) * 255;
  }
  return levels;
}

/** The window after a drag of so many pixels. @param {Window} from @param {number} dx @param {number} dy @returns {Window} */
export function dragged(from, dx, dy) {
  const least = from.width > 20 ? 1 : from.width / 1000;
  const width = Math.max(least, from.width * Math.exp(dx / PIXELS));
  const digits = width > 20 ? 1 : 1000;
  const round = (/** @type {number} */ value) => Math.round(value * digits) / digits;
  return { center: round(from.center + (dy * from.width) / PIXELS), width: Math.max(least, round(width)) };
}

export class Windowing {
  /** @param {import('../viewer.js').Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** The window of the picture on the stage, and which one that is. @type {{view: View, window: Window} | null} */
    this.base = null;
    this.dragging = false;
    /** Where the drag began, and where it is; null where no window is known. @type {Window | null} */
    this.from = null;
    /** @type {Window | null} */
    this.at = null;
    this.dx = 0;
    this.dy = 0;
    this.depths = new Depths(viewer.api);
    viewer.keeps = (view, best) => this.keeps(view, best);
    viewer.loader.drawnHere = (view) => view.window !== null && this.depths.of(view) !== undefined;
  }

  /** @returns {import('../stage/gestures.js').Tool} */
  tool() {
    return { draws: false, down: () => this.start(), move: (to, from) => this.move(to.x - from.x, to.y - from.y), up: () => this.end() };
  }

  start() {
    this.dragging = true;
    const { view } = this.viewer.state;
    const depth = this.depths.of(view);
    this.from = this.at = view.window || view.series.window || (depth ? depth.window : null);
    this.dx = this.dy = 0;
    this.bring();
    const shown = this.viewer.canvas.dataset;
    // a picture that stands in for another, or a preview under a chosen window, is under the series' own window
    const own = shown.quality === 'full' || shown.quality === 'sharp' ? view.window : null;
    const window = this.base && same(this.base.view, view) ? this.base.window : own || view.series.window;
    this.base = window && this.viewer.screen.stands === view ? { view, window } : this.base;
  }

  /** The values of the slice in view: a drag is near. @param {() => void} [then] */
  bring(then) {
    const { view } = this.viewer.state;
    this.depths.want(view, () => { this.arrived(view); if (then) then(); });
  }

  /** @param {View} view  the one that asked */
  arrived(view) {
    const { state } = this.viewer;
    const depth = this.depths.of(view);
    if (!depth || !same(view, state.view)) return;
    if (this.dragging && !this.from && depth.window) { // no window was known before
      this.from = this.at = depth.window;
      this.dx = this.dy = 0;
      state.look(depth.window);
    }
    this.viewer.refresh();
  }

  /** @param {number} dx @param {number} dy */
  move(dx, dy) {
    const { state, viewport } = this.viewer;
    if (!this.from) {
      state.look(null, Math.max(0.3, Math.min(3, state.view.gain * Math.exp(-dy / PIXELS))));
      return;
    }
    this.dx += dx;
    this.dy += dy;
    this.at = dragged(this.from, this.dx, this.dy);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST_MS);
    if (this.draw(state.view, this.at)) return;
    if (this.base) {
      const levels = curve(this.base.window, this.at);
      viewport.retouch = (context) => retouched(context, this.box(), levels);
      viewport.draw();
    }
  }

  end() {
    this.dragging = false;
    if (this.dx || this.dy) this.rest(); // a mere click chooses no window
  }

  /** Of the picture on the canvas, in its pixels: what is beside it stays black. */
  box() {
    const { viewport, canvas } = this.viewer;
    const stage = viewport.size();
    const ratio = canvas.width / Math.max(1, stage.width);
    const [a, b] = [viewport.placed({ x: 0, y: 0 }), viewport.placed({ x: 1, y: 1 })];
    const onCanvas = (/** @type {number} */ at, /** @type {number} */ side, /** @type {number} */ most) =>
      Math.max(0, Math.min(most, Math.round((at + side / 2) * ratio)));
    return {
      left: onCanvas(Math.min(a.x, b.x), stage.width, canvas.width),
      top: onCanvas(Math.min(a.y, b.y), stage.height, canvas.height),
      right: onCanvas(Math.max(a.x, b.x), stage.width, canvas.width),
      bottom: onCanvas(Math.max(a.y, b.y), stage.height, canvas.height),
    };
  }

  rest() {
    clearTimeout(this.resting);
    if (this.at) this.viewer.state.look(this.at);
  }

  /** From the values, if they are here. @param {View} view @param {Window | null} window @returns {boolean} */
  draw(view, window) {
    const depth = window ? this.depths.of(view) : undefined;
    if (!depth || !window) return false;
    const { screen, canvas, viewport } = this.viewer;
    const key = `depth/${view.series.n}/${view.k}/${windowKey(window)}`;
    viewport.retouch = null;
    if (canvas.dataset.picture !== key || screen.stands !== view) {
      screen.present(view, { key, quality: 'full', k: view.k }, this.depths.drawn(depth, window));
    }
    return true;
  }

  /** Whether a picture of our own is better than `best`. @param {View} view
   *  @param {import('../loading/loader.js').Best | null} best */
  keeps(view, best) {
    if (this.draw(view, this.dragging && this.at ? this.at : view.window)) return true;
    if (!best) return false;
    if (this.dragging && this.base && same(this.base.view, view)) return true;
    const kept = this.base !== null && this.viewer.viewport.retouch !== null && same(this.base.view, view)
      && view.window !== null && best.quality !== 'full' && best.quality !== 'sharp';
    if (kept) return true;
    this.viewer.viewport.retouch = null;
    this.base = null;
    return false;
  }
}

/**
 * The value under the mouse, as PACS users look for it. The values of a slice are fetched when the mouse rests on it, and
 * never to save data.
 */
export class Probe {
  /** @param {import('../viewer.js').Viewer} viewer @param {Windowing} windowing @param {() => void} changed */
  constructor(viewer, windowing, changed) {
    this.viewer = viewer;
    this.windowing = windowing;
    this.changed = changed;
    /** On the stage; null while no mouse is over the picture. @type {{x: number, y: number} | null} */
    this.at = null;
    viewer.stage.addEventListener('pointermove', (event) => this.moved(event));
    viewer.stage.addEventListener('pointerleave', () => { this.at = null; changed(); });
  }

  /** @param {PointerEvent} event */
  moved(event) {
    if (event.pointerType !== 'mouse') return;
    const box = this.viewer.stage.getBoundingClientRect();
    this.at = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
    clearTimeout(this.resting);
    if (!this.viewer.loader.saving && !event.buttons) this.resting = setTimeout(() => this.windowing.bring(this.changed), PROBE_MS);
    this.changed();
  }

  /** In modality units. @returns {number | null} */
  value() {
    const { state, screen, viewport } = this.viewer;
    const depth = this.at && screen.shown === state.view && this.windowing.depths.of(state.view);
    return depth && this.at ? valueAt(depth, viewport.shareAt(this.at)) : null;
  }
}

/** @param {View} a @param {View} b */
function same(a, b) {
  return a.series === b.series && a.k === b.k;
}

/** @param {CanvasRenderingContext2D} context @param {{left: number, top: number, right: number, bottom: number}} box
 *  @param {Uint8ClampedArray} levels */
function retouched(context, box, levels) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  if (width < 1 || height < 1) return;
  const pixels = context.getImageData(box.left, box.top, width, height);
  const { data } = pixels;
  for (let i = 0; i < data.length; i += 4) {
    data[i] = levels[data[i]];
    data[i + 1] = levels[data[i + 1]];
    data[i + 2] = levels[data[i + 2]];
  }
  context.putImageData(pixels, box.left, box.top);
}
