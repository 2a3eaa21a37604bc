/**
 * Brings the parts together: passes on to the others what one part tells, and decides when to look for a better picture.
 * Tools come later (`tools/`) and take hold of the one viewer that is exported here.
 *
 * @typedef {import('./state.js').View} View
 */
import { Api, PREVIEW_SIZE } from './loading/api.js';
import { Cine } from './stage/cine.js';
import { bringLate, drawLoaded, element, fillSeries, fillWindows, markCine, markSeries, markWindow, say } from './stage/controls.js';
import { Gestures, listenToKeys, stepLength } from './stage/gestures.js';
import { messages } from './messages.js';
import { Pictures } from './loading/pictures.js';
import { Loader } from './loading/loader.js';
import { Screen, coverEmpty, isFirst } from './stage/screen.js';
import { State, isFilm, middle, readPlace } from './state.js';
import { FIT, UPRIGHT, Viewport, zoomAt } from './stage/viewport.js';
import { presetsFor } from './stage/window_level.js';

const SETTLE_MS = 150; // the finger rests: now full frames are worth their bytes
const ANNOUNCE_MS = 600;
const LATE_MS = 3000; // tools come with the first full picture, or after so long
const PREPARED_SIZE = 1024; // pixels of the longest side of a prepared frame

export class Viewer {
  /** @param {import('./state.js').Manifest} manifest */
  constructor(manifest) {
    const root = element('viewer', HTMLElement);
    this.stage = element('stage', HTMLElement);
    this.canvas = element('picture', HTMLCanvasElement);
    this.slider = element('slider', HTMLInputElement);
    const named = { n: Number(root.dataset.series), k: Number(root.dataset.frame) };
    this.series = manifest.series;
    this.objects = manifest.objects || [];
    this.keyImages = manifest.key_images || [];
    this.displayed = manifest.displayed || [];
    this.state = new State(manifest, readPlace(location.hash, named));
    this.presets = presetsFor(this.state.view.series.modality, this.state.view.series.window);
    this.pictures = new Pictures();
    this.viewport = new Viewport(this.canvas, this.stage);
    this.screen = new Screen(this.viewport);
    this.trouble = false;
    this.api = new Api(root.dataset.base || '', (trouble) => { this.trouble = trouble; this.refresh(); });
    this.loader = new Loader(this.api, this.pictures, this.state.view, {
      arrived: () => this.refresh(),
      ended: () => { this.cine.stop(); this.screen.end(); },
    });
    const { connection } = /** @type {any} */ (navigator);
    this.loader.saving = Boolean(connection && connection.saveData); // as the phone's owner set it
    this.cine = new Cine({
      step: () => this.state.goTo((this.state.view.k % this.state.view.series.frames) + 1),
      mayStep: () => this.screen.shown === this.state.view,
      changed: (playing) => markCine(element('cine', HTMLElement), playing),
      frameMs: () => this.state.view.series.frame_time_ms,
    });
    /** What tools say to a drag. @type {(grip: import('./stage/gestures.js').Grip) => import('./stage/gestures.js').Tool | null} */
    this.tool = () => null;
    /** Tools that hold a picture on the stage. @type {(view: View, best: import('./loading/loader.js').Best | null) => boolean} */
    this.keeps = () => false;
    this.late = root.dataset.late || '';
    this.state.onChange((view, before) => this.changed(view, before));
    this.listen();
    fillSeries(element('series', HTMLElement), manifest.series,
      (series) => this.api.frameUrl(series.n, middle(series), null, PREVIEW_SIZE), (series) => this.state.open(series));
    element('controls', HTMLElement).hidden = false;
    this.canvas.hidden = false;
    this.openSeries();
    const sharp = this.screen.takeSharp();
    if (isFirst(this.state.view)) {
      this.loader.first = this.state.view;
      if (sharp) this.loader.expect(this.state.view, sharp);
    }
    this.place();
    this.adoptFirst(this.state.view);
    setTimeout(() => this.bringTools(), LATE_MS);
  }

  /** Once: their bytes must not wait before the first picture. */
  bringTools() {
    bringLate(this.late);
    this.late = '';
  }

  /** The picture that came with the page goes on the canvas at once. @param {View} view */
  adoptFirst(view) {
    this.screen.awaitFirst(view, (image) => {
      if (this.state.view !== view) return;
      this.screen.present(view, { key: 'first', quality: 'preview', k: view.k }, image);
      this.note();
    });
  }

  listen() {
    const scroll = (/** @type {number} */ steps) => {
      this.cine.stop();
      const { k, series } = this.state.view;
      this.state.goTo(Math.max(1, Math.min(series.frames, k + steps)));
    };
    const zoom = (/** @type {number} */ factor, /** @type {{x: number, y: number}} */ at) => this.zoom(factor, at);
    const reset = () => this.move(FIT);
    new Gestures(this.stage, {
      scroll,
      zoom,
      pan: (dx, dy) => this.pan(dx, dy),
      tool: (grip) => this.tool(grip),
      doubleTap: (at) => (this.viewport.transform.zoom > 1 ? reset() : zoom(2.5, at)),
      isZoomed: () => this.viewport.transform.zoom > 1,
      stepLength: () => stepLength(this.state.view.series.frames, this.stage.clientHeight),
    });
    listenToKeys(scroll, (factor) => zoom(factor, { x: 0, y: 0 }), reset);
    this.slider.addEventListener('input', () => { this.cine.stop(); this.state.goTo(Number(this.slider.value)); });
    element('previous', HTMLElement).addEventListener('click', () => scroll(-1));
    element('next', HTMLElement).addEventListener('click', () => scroll(1));
    element('reset', HTMLElement).addEventListener('click', () => { this.pose(UPRIGHT); reset(); this.state.look(null); });
    element('cine', HTMLElement).addEventListener('click', () => this.cine.toggle());
    element('cover-retry', HTMLElement).addEventListener('click', () => this.loader.retry());
    window.addEventListener('resize', () => { this.move(this.viewport.transform); this.refresh(); });
    window.addEventListener('offline', () => this.refresh());
    window.addEventListener('online', () => { this.loader.retry(); this.refresh(); });
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.cine.stop(); });
  }

  /** @param {number} factor @param {{x: number, y: number}} at  from the stage's centre */
  zoom(factor, at) {
    const { rows, columns } = this.state.view.series;
    this.move(zoomAt(this.viewport.transform, factor, at, this.viewport.largestZoom(Math.max(rows, columns))));
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    const { zoom, x, y } = this.viewport.transform;
    this.viewport.move({ zoom, x: x + dx, y: y + dy });
  }

  /** @param {import('./stage/viewport.js').Pose} pose */
  pose(pose) {
    this.viewport.pose = pose;
    this.move(this.viewport.transform);
  }

  /** Matrices that need no tiles are asked for in the pixels that the zoom shows.
   *  @param {import('./stage/viewport.js').Transform} transform */
  move(transform) {
    this.viewport.move(transform);
    const { rows, columns, tiles } = this.state.view.series;
    this.loader.sharpen(!tiles && Math.max(rows, columns) > PREPARED_SIZE && this.viewport.pixels() > PREPARED_SIZE);
  }

  /** @param {View} view @param {View} before */
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
    this.viewport.pose = UPRIGHT;
    this.loader.sharpen(false);
    ['scroller', 'loaded'].forEach((id) => { element(id, HTMLElement).hidden = series.frames < 2; });
    this.slider.max = String(series.frames);
    this.offerWindows([]);
    markSeries(element('series', HTMLElement), series);
    const cine = element('cine', HTMLElement);
    cine.hidden = !isFilm(series);
    markCine(cine, false);
  }

  /** The usual windows, and those that the header names. @param {Array<{name: string, center: number, width: number}>} named */
  offerWindows(named) {
    const { series } = this.state.view;
    this.presets = presetsFor(series.modality, series.window).concat(
      named.map(({ name, center, width }, i) => ({ name: name || messages.window(i + 1), window: { center, width }, gain: 1 })));
    const windows = element('windows', HTMLElement);
    fillWindows(windows, this.presets, (preset) => this.state.look(preset.window, preset.gain));
    markWindow(windows, this.presets, this.state.view);
  }

  /** The eye came to another place: number and slider at once, full frames when it rests, words last. */
  place() {
    const { series, k } = this.state.view;
    this.slider.value = String(k);
    this.slider.setAttribute('aria-valuetext', messages.announce(k, series.frames));
    say(element('counter', HTMLElement), messages.counter(k, series.frames));
    this.loader.focus(this.state.view, this.loader.first === this.state.view);
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
    const own = this.loader.best(view);
    const best = own || this.loader.standIn(view);
    this.canvas.dataset.loaded = String(
      drawLoaded(element('loaded', HTMLCanvasElement), view.series.frames, (k) => this.loader.level(k)));
    this.screen.cover(own === null ? this.loader.fault(view) : undefined);
    if (this.keeps(view, best)) {
      // a tool has the better picture
    } else if (best && !this.screen.shows(view, best)) {
      const picture = await this.loader.decode(view, best);
      if (!picture || this.state.view !== view || this.keeps(view, best)) return;
      this.screen.present(view, best, picture);
      if (best.quality === 'full') this.bringTools();
    } else if (!best) {
      this.screen.blank(view);
    }
    this.note();
  }

  /** Whose pictures, of which day, which series: stands on every picture. @param {import('./state.js').Series} series */
  factsOf(series) {
    return `${element('viewer', HTMLElement).dataset.facts || ''} ${messages.series(series.n, series.description)}`.trim();
  }

  note() {
    const { view } = this.state;
    this.screen.note(view, this.trouble, this.loader.fault(view));
  }
}

const manifest = JSON.parse(element('manifest', HTMLScriptElement).textContent || '{"series": []}');
manifest.series = manifest.series.filter((/** @type {import('./state.js').Series} */ series) => series.frames > 0);
/** Null for an exam without pictures. */
export const viewer = manifest.series.length ? new Viewer(manifest) : null;
if (!viewer) coverEmpty();
