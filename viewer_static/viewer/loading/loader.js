/**
 * Carries a plan out: few requests at a time, and none for a place the finger has left. plan.js decides what is wanted
 * and in which order, api.js asks the server, pictures.js keeps what comes.
 *
 * @typedef {import('../state.js').View} View
 * @typedef {import('./plan.js').Task} Task
 * @typedef {{key: string, quality: 'preview' | 'full' | 'sharp' | 'near', k: number}} Best  k: the frame it shows
 */
import { Cancelled, CannotShow, SessionEnded } from './api.js';
import { NEAR, SHARP, SPARSE, around, plan } from './plan.js';
import { windowKey } from '../stage/window_level.js';

const CONCURRENT = 4;
const CONCURRENT_BATCHES = 2; // one while the picture under the eye is not sharp: it must not wait behind previews

/** @param {View} view @param {number} k */
const previewKey = (view, k) => `${view.series.n}/${k}/preview`;
/** @param {View} view @param {number} k @param {number} [size] */
const fullKey = (view, k, size) => `${view.series.n}/${k}/${size ? 'sharp' : 'full'}/${windowKey(view.window)}`;

export class Loader {
  /**
   * @param {import('./api.js').Api} api @param {import('./pictures.js').Pictures} pictures @param {View} view
   * @param {{arrived: () => void, ended: () => void}} listener
   */
  constructor(api, pictures, view, listener) {
    this.api = api;
    this.pictures = pictures;
    this.listener = listener;
    this.view = view;
    this.settled = false;
    this.over = false;
    this.zoomed = false;
    this.saving = false;
    /** The view whose preview came with the page, and is not fetched before the full frame. @type {View | null} */
    this.first = null;
    /** The key of the full frame that the page itself fetches, until it is here. */
    this.ofPage = '';
    /** Tools that draw a view's windows without the server. @type {(view: View) => boolean} */
    this.drawnHere = () => false;
    /** @type {Map<string, {task: Task, abort: () => void}>} */
    this.running = new Map();
    /** @type {Map<string, 'cannot' | 'failed'>} */
    this.broken = new Map();
  }

  /** The eye is here now; what serves another place is given up. @param {View} view @param {boolean} settled */
  focus(view, settled) {
    const moved = view.series !== this.view.series || view.window !== this.view.window;
    this.view = view;
    this.settled = settled;
    // What failed when the line was away is tried again once the eye rests on it.
    const own = settled ? [previewKey(view, view.k), fullKey(view, view.k)] : [];
    own.forEach((key) => { if (this.broken.get(key) === 'failed') this.broken.delete(key); });
    this.running.forEach(({ task, abort }) => {
      const far = task.kind === 'full' && Math.abs(task.k - view.k) > NEAR;
      if (moved || far) abort();
    });
    this.pump();
  }

  /** The page asked for a view's full frame before any script ran: it is not asked for twice.
   *  @param {View} view @param {HTMLImageElement} image */
  expect(view, image) {
    const key = this.ofPage = fullKey(view, view.k);
    const ended = () => {
      this.ofPage = '';
      if (image.naturalWidth) {
        this.pictures.adopt(key, image);
        this.api.countImage(image);
      }
      this.listener.arrived();
      this.pump();
    };
    if (image.complete) ended();
    else ['load', 'error'].forEach((end) => image.addEventListener(end, ended));
  }

  /** The best picture in memory. @param {View} view @returns {Best | null} */
  best(view) {
    const { k } = view;
    const sharp = fullKey(view, k, SHARP);
    if (this.zoomed && this.pictures.has(sharp)) return { key: sharp, quality: 'sharp', k };
    const full = fullKey(view, k);
    if (this.pictures.has(full)) return { key: full, quality: 'full', k };
    const preview = previewKey(view, k);
    return this.pictures.has(preview) ? { key: preview, quality: 'preview', k } : null;
  }

  /** A neighbour's preview, until the frame's own is here. @param {View} view @returns {Best | null} */
  standIn(view) {
    if (this.broken.has(previewKey(view, view.k)) || this.fault(view)) return null;
    const k = around(view.k, view.series.frames, SPARSE).find((one) => this.pictures.has(previewKey(view, one)));
    return k ? { key: previewKey(view, k), quality: 'near', k } : null;
  }

  /** What can stand now: the best picture, or a neighbour's. @param {View} view */
  offer(view) {
    return this.best(view) || this.standIn(view);
  }

  /** The picture of an offer, decoded. Undefined where its bytes are none, and when a better one came meanwhile: that one
   *  is shown by its own call. @param {View} view @param {Best} offer */
  async decode(view, offer) {
    const picture = this.pictures.ready(offer.key) || (await this.pictures.decode(offer.key).catch(() => this.spoil(offer.key)));
    const now = this.offer(view);
    return now && now.key !== offer.key ? undefined : picture;
  }

  /** Whether the zoom needs more pixels than prepared. @param {boolean} zoomed */
  sharpen(zoomed) {
    if (zoomed === this.zoomed) return;
    this.zoomed = zoomed;
    this.pump();
    this.listener.arrived();
  }

  /** Fetch what is looked at, and nothing ahead. @param {boolean} saving */
  save(saving) {
    this.saving = saving;
    this.pump();
  }

  /** Why a frame has no full picture and gets none, if so. @param {View} view */
  fault(view) {
    return this.broken.get(fullKey(view, view.k));
  }

  /** How much of a frame is here: 0 nothing, 1 preview, 2 full. @param {number} k */
  level(k) {
    return this.pictures.has(fullKey(this.view, k)) ? 2 : this.pictures.has(previewKey(this.view, k)) ? 1 : 0;
  }

  /** Bytes that turned out to be no picture. @param {string} key */
  spoil(key) {
    this.pictures.compressed.remove(key);
    this.broken.set(key, 'cannot');
    this.listener.arrived();
  }

  /** Try again what failed for the line's sake. */
  retry() {
    this.broken.forEach((why, key) => { if (why === 'failed') this.broken.delete(key); });
    this.ofPage = '';
    this.pump();
  }

  /** Nobody looks any more. */
  stop() {
    this.over = true;
    this.running.forEach(({ abort }) => abort());
  }

  pump() {
    if (this.over) return;
    const view = this.view;
    const lacks = (/** @type {string} */ key) => !this.pictures.has(key) && !this.broken.has(key) && key !== this.ofPage;
    const place = { k: view.k, frames: view.series.frames, settled: this.settled, windowed: view.window !== null, saving: this.saving };
    const stands = (/** @type {number} */ k) => this.first === view && k === view.k && view.series.frames > 1;
    let tasks = plan(place, (k) => !stands(k) && lacks(previewKey(view, k)), (k) => lacks(fullKey(view, k)));
    if (this.drawnHere(view)) tasks = tasks.filter(({ kind }) => kind !== 'full');
    else if (this.zoomed && this.settled && lacks(fullKey(view, view.k, SHARP))) tasks.unshift({ kind: 'full', k: view.k, size: SHARP });
    for (const task of tasks) {
      const key = task.kind === 'previews' ? `${view.series.n}/${task.from}/batch${task.step}`
        : fullKey(view, task.k, task.size);
      if (this.running.has(key) || (task.kind === 'previews' && this.overlaps(task))) continue;
      if (!this.hasRoom(task)) return; // what is wanted less must not overtake
      this.run(key, task, view);
    }
  }

  /** Whether some of a block's previews are on their way: the rest is planned again when these are here.
   *  @param {import('./plan.js').PreviewTask} wanted */
  overlaps(wanted) {
    const end = (/** @type {import('./plan.js').PreviewTask} */ one) => one.from + one.count * one.step;
    return Array.from(this.running.values()).some(({ task }) => task.kind === 'previews' && task.step === wanted.step
      && task.from < end(wanted) && wanted.from < end(task));
  }

  /** @param {Task} task */
  hasRoom(task) {
    if (this.running.size >= CONCURRENT) return false;
    let batches = 0;
    this.running.forEach((one) => { if (one.task.kind === 'previews') batches += 1; });
    return task.kind === 'full' || batches < (this.level(this.view.k) === 2 ? CONCURRENT_BATCHES : 1);
  }

  /** @param {string} key @param {Task} task @param {View} view */
  async run(key, task, view) {
    const controller = typeof AbortController === 'function' ? new AbortController() : null;
    const signal = controller ? controller.signal : undefined;
    this.running.set(key, { task, abort: () => { if (controller) controller.abort(); } });
    try {
      if (task.kind === 'previews') await this.fetchPreviews(task, view, signal);
      else this.pictures.add(key, await this.api.frame(view.series.n, task.k, view.window, task.size, signal));
    } catch (fault) {
      this.note(fault, key, task, view);
    }
    this.running.delete(key);
    this.listener.arrived();
    this.pump();
  }

  /** @param {{from: number, count: number, step: number}} task @param {View} view @param {AbortSignal | undefined} signal */
  async fetchPreviews(task, view, signal) {
    const blobs = await this.api.previews(view.series.n, task.from, task.count, task.step, signal);
    for (let i = 0; i < task.count; i += 1) {
      const key = previewKey(view, task.from + i * task.step);
      const blob = blobs[i];
      if (blob) this.pictures.add(key, blob);
      else this.broken.set(key, 'cannot');
    }
  }

  /** @param {unknown} fault @param {string} key @param {Task} task @param {View} view */
  note(fault, key, task, view) {
    if (fault instanceof Cancelled || (fault instanceof DOMException && fault.name === 'AbortError')) return;
    if (fault instanceof SessionEnded) {
      this.over = true;
      this.listener.ended();
      return;
    }
    const why = fault instanceof CannotShow ? 'cannot' : 'failed';
    if (task.kind === 'full') this.broken.set(key, why);
    else for (let i = 0; i < task.count; i += 1) this.broken.set(previewKey(view, task.from + i * task.step), why);
  }
}
