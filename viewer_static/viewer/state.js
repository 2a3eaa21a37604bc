/**
 * What the viewer shows right now, and nothing about how: series, frame, window, gain. Listeners hear each change once.
 *
 * @typedef {import('./stage/window_level.js').Window} Window
 * @typedef {{n: number, frames: number, rows: number, columns: number, modality: string, description: string,
 *            window: Window | null, frame_time_ms: number | null, incomplete: number[],
 *            mpr?: import('./mpr/planes.js').Cuts | null, mpr_box?: number[] | null, mpr_reason?: string | null, turntable?: number | null,
 *            tiles?: {size: number, levels: number} | null}} Series
 * @typedef {{series: Series[], objects?: Array<{description: string, layer?: import('./tools/layers.js').Layer | null}>,
 *            key_images?: Array<{n: number, k: number}>, displayed?: import('./tools/marks.js').Displayed[]}} Manifest
 * @typedef {{series: Series, k: number, window: Window | null, gain: number}} View  k counts from 1
 */

const MOVING = ['US', 'XA', 'RF', 'IVUS']; // modalities whose frames are a film, not a stack

export class State {
  /** @param {Manifest} manifest @param {{n: number, k: number}} start */
  constructor(manifest, start) {
    const series = manifest.series.find((one) => one.n === start.n) || manifest.series[0];
    /** @type {View} */
    this.view = { series, k: clampFrame(start.k, series.frames), window: null, gain: 1 };
    /** @type {Array<(view: View, before: View) => void>} */
    this.listeners = [];
  }

  /** @param {(view: View, before: View) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /** @param {number} k */
  goTo(k) {
    const { series, window, gain } = this.view;
    this.change({ series, k: clampFrame(k, series.frames), window, gain });
  }

  /** Another series opens in its middle, under its own window. @param {Series} series */
  open(series) {
    this.change({ series, k: middle(series), window: null, gain: 1 });
  }

  /** @param {Window | null} window @param {number} [gain] */
  look(window, gain = 1) {
    this.change({ series: this.view.series, k: this.view.k, window, gain });
  }

  /** @param {View} view */
  change(view) {
    const before = this.view;
    const same = /** @type {Array<keyof View>} */ (['series', 'k', 'window', 'gain']);
    if (same.every((part) => view[part] === before[part])) return;
    this.view = view;
    this.listeners.forEach((listener) => listener(view, before));
  }
}

/** @param {number} k @param {number} frames */
export function clampFrame(k, frames) {
  return Math.max(1, Math.min(frames, Math.round(k) || 1));
}

/** The middle of a stack shows more than its edge; a film starts at its start. @param {Series} series */
export function middle(series) {
  return isFilm(series) ? 1 : Math.max(1, Math.ceil(series.frames / 2));
}

/** @param {Series} series */
export function isFilm(series) {
  return series.frames > 1 && MOVING.indexOf(series.modality) >= 0;
}

/**
 * `#<series>/<frame>`: where a key image leads, and where a tab that the phone reloaded goes on.
 *
 * @param {string} hash @param {{n: number, k: number}} otherwise
 */
export function readPlace(hash, otherwise) {
  const match = /^#(\d{1,4})\/(\d{1,5})$/.exec(hash);
  return match ? { n: Number(match[1]), k: Number(match[2]) } : otherwise;
}
