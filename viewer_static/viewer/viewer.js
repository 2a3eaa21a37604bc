/** Brings the parts together. What each part does is said in its own module. */
import { Api, PREVIEW_SIZE } from './loading/api.js';
import { Cine } from './stage/cine.js';
import { drawLoaded, element, fillSeries, fillWindows, loadThumbnails, markSeries, markWindow, say } from './stage/controls.js';
import { Gestures, listenToKeys, stepLength } from './stage/gestures.js';
import { messages } from './messages.js';
import { Pictures } from './loading/pictures.js';
import { Loader } from './loading/loader.js';
import { State, isFilm, middle, readPlace } from './state.js';
import { FIT, Viewport, zoomAt } from './stage/viewport.js';
import { presetsFor } from './stage/window_level.js';

const SETTLE_MS = 150; // the finger rests: now full frames are worth their bytes
const ANNOUNCE_MS = 600;
const NOTE_MS = 400; // quicker than this needs no note

class Viewer {
  /** @param {import('./state.js').Manifest} manifest */
  constructor(manifest) {
    const root = element('viewer', HTMLElement);
    this.stage = element('stage', HTMLElement);
    this.canvas = element('picture', HTMLCanvasElement);
    this.slider = element('slider', HTMLInputElement);
    const named = { n: Number(root.dataset.series), k: Number(root.dataset.frame) };
    this.state = new State(manifest, readPlace(location.hash, named));
    this.presets = presetsFor(this.state.view.series.modality, this.state.view.series.window);
    this.pictures = new Pictures();
    this.viewport = new Viewport(this.canvas, this.stage);
    this.trouble = false;
    this.api = new Api(root.dataset.exam || '', (trouble) => { this.trouble = trouble; this.refresh(); });
    this.loader = new Loader(this.api, this.pictures, this.state.view, {
      arrived: () => this.refresh(),
      ended: () => this.end(),
    });
    this.cine = new Cine({
      step: () => this.state.goTo((this.state.view.k % this.state.view.series.frames) + 1),
      mayStep: () => this.shown === this.state.view,
      changed: (playing) => this.markCine(playing),
      frameMs: () => this.state.view.series.frame_time_ms,
    });
    /** @type {import('./state.js').View | null} */
    this.shown = null;
    this.state.onChange((view, before) => this.changed(view, before));
    this.listen();
    fillSeries(element('series', HTMLElement), manifest.series,
      (series) => this.api.frameUrl(series.n, middle(series), null, PREVIEW_SIZE), (series) => this.state.open(series));
    element('controls', HTMLElement).hidden = false;
    this.canvas.hidden = false;
    this.openSeries();
    this.place();
    this.adoptFirst(this.state.view);
  }

  /** The picture that came with the page goes on the canvas at once. @param {import('./state.js').View} view */
  adoptFirst(view) {
    const image = document.getElementById('first-frame');
    const { series, frame } = element('viewer', HTMLElement).dataset;
    if (!(image instanceof HTMLImageElement) || series !== String(view.series.n) || frame !== String(view.k)) return;
    const adopt = () => {
      if (this.shown || this.state.view !== view || !image.naturalWidth) return;
      this.present(view, { key: 'first', quality: 'preview' }, image);
      this.note();
    };
    if (image.complete) adopt();
    else image.addEventListener('load', adopt);
  }

  listen() {
    const scroll = (/** @type {number} */ steps) => {
      this.cine.stop();
      const { k, series } = this.state.view;
      this.state.goTo(Math.max(1, Math.min(series.frames, k + steps)));
    };
    const zoom = (/** @type {number} */ factor, /** @type {{x: number, y: number}} */ at) =>
      this.viewport.move(zoomAt(this.viewport.transform, factor, at));
    const reset = () => this.viewport.move(FIT);
    new Gestures(this.stage, {
      scroll,
      zoom,
      pan: (dx, dy) => {
        const { zoom: kept, x, y } = this.viewport.transform;
        this.viewport.move({ zoom: kept, x: x + dx, y: y + dy });
      },
      doubleTap: (at) => (this.viewport.transform.zoom > 1 ? reset() : zoom(2.5, at)),
      isZoomed: () => this.viewport.transform.zoom > 1,
      stepLength: () => stepLength(this.state.view.series.frames, this.stage.clientHeight),
    });
    listenToKeys(scroll, (factor) => zoom(factor, { x: 0, y: 0 }), reset);
    this.slider.addEventListener('input', () => { this.cine.stop(); this.state.goTo(Number(this.slider.value)); });
    element('previous', HTMLElement).addEventListener('click', () => scroll(-1));
    element('next', HTMLElement).addEventListener('click', () => scroll(1));
    element('reset', HTMLElement).addEventListener('click', () => { reset(); this.state.look(null); });
    element('cine', HTMLElement).addEventListener('click', () => this.cine.toggle());
    element('cover-retry', HTMLElement).addEventListener('click', () => this.loader.retry());
    window.addEventListener('resize', () => { this.viewport.move(this.viewport.transform); this.refresh(); });
    window.addEventListener('offline', () => this.refresh());
    window.addEventListener('online', () => { this.loader.retry(); this.refresh(); });
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.cine.stop(); });
  }

  /** @param {import('./state.js').View} view @param {import('./state.js').View} before */
  changed(view, before) {
    if (view.series !== before.series) this.openSeries();
    if (view.window !== before.window || view.gain !== before.gain) {
      markWindow(element('windows', HTMLElement), this.presets, view);
    }
    this.place();
  }

  openSeries() {
    const { series } = this.state.view;
    this.cine.stop();
    this.viewport.transform = FIT;
    this.slider.max = String(series.frames);
    this.presets = presetsFor(series.modality, series.window);
    const windows = element('windows', HTMLElement);
    fillWindows(windows, this.presets, (preset) => this.state.look(preset.window, preset.gain));
    markWindow(windows, this.presets, this.state.view);
    markSeries(element('series', HTMLElement), series);
    element('cine', HTMLElement).hidden = !isFilm(series);
    this.markCine(false);
  }

  /** @param {boolean} playing */
  markCine(playing) {
    const button = element('cine', HTMLElement);
    button.textContent = playing ? messages.pause : messages.play;
    button.setAttribute('aria-pressed', String(playing));
  }

  /** The eye came to another place: number and slider at once, full frames when it rests, words last. */
  place() {
    const { series, k } = this.state.view;
    this.slider.value = String(k);
    this.slider.setAttribute('aria-valuetext', messages.announce(k, series.frames));
    say(element('counter', HTMLElement), messages.counter(k, series.frames));
    this.loader.focus(this.state.view, false);
    this.refresh();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => { this.loader.focus(this.state.view, true); this.remember(); }, SETTLE_MS);
    clearTimeout(this.announcing);
    if (this.cine.playing) return;
    this.announcing = setTimeout(
      () => say(element('announce', HTMLElement), messages.announce(k, series.frames)), ANNOUNCE_MS);
  }

  /** Where we are outlives a reload of the tab, which phones do when memory is short. */
  remember() {
    const { series, k } = this.state.view;
    if (!this.cine.playing) history.replaceState(null, '', `#${series.n}/${k}`);
  }

  /** Something arrived or changed: show the best there is. */
  async refresh() {
    const view = this.state.view;
    const best = this.loader.best(view);
    this.canvas.dataset.loaded = String(
      drawLoaded(element('loaded', HTMLCanvasElement), view.series.frames, (k) => this.loader.level(k)));
    this.cover(best === null ? this.loader.fault(view) : undefined);
    if (best && (this.canvas.dataset.picture !== best.key || this.shown !== view)) {
      const picture = this.pictures.ready(best.key) || (await this.decoded(best.key));
      if (!picture || this.state.view !== view) return;
      this.present(view, best, picture);
    } else if (!best && this.shown !== view) {
      this.blank(view);
    }
    this.note();
  }

  /** @param {string} key */
  async decoded(key) {
    try {
      return await this.pictures.decode(key);
    } catch (fault) {
      this.loader.spoil(key);
      return undefined;
    }
  }

  /** @param {import('./state.js').View} view @param {import('./loading/loader.js').Best} best
   *  @param {import('./loading/pictures.js').Picture} picture */
  present(view, best, picture) {
    const { series, k } = view;
    this.dropFirst(); // before drawing: an image on the page has the page's size, not its own
    this.viewport.show(picture, view.gain);
    this.shown = view;
    Object.assign(this.canvas.dataset, { slice: k, series: series.n, quality: best.quality, picture: best.key });
    this.canvas.setAttribute('aria-label', messages.picture(messages.series(series.n, series.description), k, series.frames));
    if (best.quality === 'full') loadThumbnails(element('series', HTMLElement));
  }

  /** A frame that is not here is black, never its neighbour; the first one is on the page already.
   *  @param {import('./state.js').View} view */
  blank(view) {
    const first = element('viewer', HTMLElement).dataset;
    if (!this.shown && first.series === String(view.series.n) && first.frame === String(view.k)) return;
    this.dropFirst();
    this.viewport.show(null);
    delete this.canvas.dataset.slice;
    delete this.canvas.dataset.picture;
    delete this.canvas.dataset.quality;
  }

  dropFirst() {
    const image = document.getElementById('first-frame');
    if (image) image.remove();
  }

  note() {
    const view = this.state.view;
    const { quality } = this.canvas.dataset;
    let words = '';
    if (!navigator.onLine) words = messages.offline;
    else if (this.trouble) words = messages.slow;
    else if (this.loader.fault(view)) words = '';
    else if (this.shown !== view) words = messages.loading;
    else if (quality === 'preview') words = view.window ? messages.windowing : messages.sharpening;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => say(element('note', HTMLElement), words), words ? NOTE_MS : 0);
  }

  /** @param {'cannot' | 'failed' | undefined} fault */
  cover(fault) {
    if (this.loader.over) return;
    element('cover', HTMLElement).hidden = !fault;
    element('cover-retry', HTMLElement).hidden = fault !== 'failed';
    say(element('cover-text', HTMLElement), fault ? (fault === 'cannot' ? messages.cannotShow : messages.failed) : '');
  }

  end() {
    this.cine.stop();
    this.viewport.show(null);
    this.dropFirst();
    element('cover', HTMLElement).hidden = false;
    element('cover', HTMLElement).setAttribute('role', 'alert');
    element('cover-retry', HTMLElement).hidden = true;
    say(element('cover-text', HTMLElement), messages.ended);
    const link = element('cover-link', HTMLAnchorElement);
    say(link, messages.endedLink);
    link.href = '/';
    element('controls', HTMLElement).hidden = true;
  }
}

const manifest = JSON.parse(element('manifest', HTMLScriptElement).textContent || '{"series": []}');
manifest.series = manifest.series.filter((/** @type {import('./state.js').Series} */ series) => series.frames > 0);
if (manifest.series.length) new Viewer(manifest);
else {
  element('cover', HTMLElement).hidden = false;
  say(element('cover-text', HTMLElement), messages.empty);
  element('cover-link', HTMLElement).hidden = false;
}
