/**
 * One of two pictures side by side: its own stage, loading, tiles and measures. What it shows and at which scale, the pair
 * decides.
 *
 * @typedef {import('../state.js').View} View
 * @typedef {import('./places.js').Place} Place
 */
import { Loader } from '../loading/loader.js';
import { Pictures } from '../loading/pictures.js';
import { messages } from '../messages.js';
import { say } from '../stage/controls.js';
import { Gestures, stepLength } from '../stage/gestures.js';
import { UPRIGHT, Viewport } from '../stage/viewport.js';
import { windowKey } from '../stage/window_level.js';
import { Measures } from './measures.js';
import { cleared, drawScale, made } from './overlay.js';
import { Places, edges, orientationOf, sizeAt } from './places.js';
import { Tiles } from './tiles.js';
import { words } from './words.js';

const SIDES = /** @type {Array<'top' | 'right' | 'bottom' | 'left'>} */ (['top', 'right', 'bottom', 'left']);

export class Panel {
  /**
   * @param {HTMLElement} parent @param {import('../loading/api.js').Api} api @param {View} view
   * @param {{moved: (panel: Panel, factor: number, dx: number, dy: number) => void, scrolled: (panel: Panel, k: number) => void,
   *          reset: () => void, ended: () => void, ready: () => void, mode: () => import('./bar.js').PairMode,
   *          told: (hint: string) => void, over: (panel: Panel, context: CanvasRenderingContext2D) => void}} pair
   */
  constructor(parent, api, view, pair) {
    this.api = api;
    this.pair = pair;
    this.state = { view };
    /** For tiles: what is on the stage. @type {{shown: View | null}} */
    this.screen = { shown: null };
    this.stage = made(parent, 'div', 'stage pair__stage');
    this.canvas = made(this.stage, 'canvas', 'stage__picture');
    this.canvas.setAttribute('role', 'img');
    this.viewport = new Viewport(this.canvas, this.stage);
    this.tiles = new Tiles(this);
    this.marks = made(this.stage, 'canvas', 'stage__marks');
    this.marks.setAttribute('aria-hidden', 'true');
    this.measured = made(this.stage, 'p', 'sr-only');
    this.measured.setAttribute('role', 'status');
    this.places = new Places(api, () => this.mark());
    this.measures = new Measures(this, this.places, { changed: () => this.mark(), hint: (hint) => pair.told(hint) });
    this.viewport.drawn = () => this.mark();
    this.legend = made(this.stage, 'ul', 'stage__legend');
    this.legend.setAttribute('aria-label', words.layers);
    this.legend.hidden = true;
    this.facts = made(this.stage, 'p', 'stage__facts');
    this.counter = made(this.stage, 'p', 'stage__counter');
    this.window = made(this.stage, 'p', 'stage__window');
    this.coming = made(this.stage, 'p', 'stage__coming');
    this.coming.setAttribute('role', 'status');
    this.edges = SIDES.map((side) => made(this.stage, 'span', `stage__edge stage__edge--${side}`));
    this.pictures = new Pictures();
    this.loader = new Loader(api, this.pictures, view, { arrived: () => this.refresh(), ended: pair.ended });
    this.loader.sharpen(Math.max(view.series.rows, view.series.columns) > 1024 && !view.series.tiles);
    /** Of the picture that stands. @type {import('../stage/window_level.js').Window | null} */
    this.drawn = null;
    /** @type {Place | null} */
    this.place = null;
    this.listen();
  }

  listen() {
    const { pair } = this;
    new Gestures(this.stage, {
      scroll: (steps) => pair.scrolled(this, this.state.view.k + steps),
      zoom: (factor) => pair.moved(this, factor, 0, 0),
      pan: (dx, dy) => pair.moved(this, 1, dx, dy),
      doubleTap: () => pair.reset(),
      isZoomed: () => this.state.view.series.frames < 2 || this.viewport.transform.zoom > 1,
      tool: (grip) => {
        const mode = pair.mode();
        return mode === 'auto' || grip === 'right' || grip === 'middle' ? null : this.measures.tool(mode);
      },
      stepLength: () => stepLength(this.state.view.series.frames, this.stage.clientHeight),
    });
  }

  /** @param {View} view @param {string} facts */
  show(view, facts) {
    if (view.series !== this.state.view.series) this.screen.shown = null;
    this.state.view = view;
    this.loader.focus(view, true);
    say(this.facts, facts);
    say(this.counter, view.series.frames > 1 ? messages.counter(view.k, view.series.frames) : '');
    this.canvas.setAttribute('aria-label', messages.picture(facts, view.k, view.series.frames));
    this.name();
    this.tellWindow();
    this.refresh();
  }

  /** The window of the picture that stands, and whether another one is on its way. */
  tellWindow() {
    const { view } = this.state;
    const asked = view.window || view.series.window;
    const fault = this.loader.fault(view);
    const same = this.drawn === asked || (this.drawn && asked && windowKey(this.drawn) === windowKey(asked));
    const next = same ? '' : fault ? messages[fault === 'cannot' ? 'cannotShow' : 'failed'] : this.drawn ? words.windowComing : messages.loading;
    say(this.window, this.drawn ? words.window(this.drawn) : '');
    say(this.coming, next);
  }

  /** What lies over the picture that stands. */
  mark() {
    const context = cleared(this.marks, this.viewport);
    const stands = this.canvas.dataset.slice === String(this.state.view.k);
    if (context && stands) {
      this.pair.over(this, context);
      this.measures.draw(context);
      const size = this.place && sizeAt(this.place, this.state.view.k, [{ x: 0.5, y: 0.5 }]);
      this.marks.dataset.scale = drawScale(context, this.viewport, size);
    }
    say(this.measured, stands ? this.measures.here().map((one) => one.told.join('，')).join('；') : '');
  }

  /** The directions, once they are known. */
  name() {
    const sides = this.place && edges(orientationOf(this.place, this.state.view.k), this.viewport.pose);
    this.edges.forEach((edge, i) => say(edge, sides ? sides[SIDES[i]] : ''));
  }

  async refresh() {
    const { view } = this.state;
    const best = this.loader.offer(view);
    this.tellWindow();
    if (!best || (this.screen.shown === view && this.canvas.dataset.picture === best.key)) return;
    const picture = await this.loader.decode(view, best);
    if (!picture || this.state.view !== view) return;
    const first = this.viewport.picture === null;
    this.screen.shown = best.quality === 'near' ? null : view;
    this.canvas.dataset.picture = best.key;
    this.canvas.dataset.slice = String(best.k);
    this.drawn = (best.quality === 'full' || best.quality === 'sharp' ? view.window : null) || view.series.window;
    this.viewport.show(picture, view.gain);
    this.tellWindow();
    if (first) this.pair.ready();
  }

  /** Millimetres of a CSS pixel where the picture fits the stage; null where nobody knows. */
  scale() {
    const size = this.place && (this.place.sizes.length === 1 ? this.place.sizes[0] : this.place.sizes[this.state.view.k - 1]);
    if (!size || !this.viewport.picture) return null;
    return size.width / this.viewport.fit().width;
  }

  /** @param {import('../stage/viewport.js').Transform} transform */
  lay(transform) {
    this.viewport.transform = transform;
    this.viewport.draw();
  }

  /** @param {boolean} mirrored */
  mirror(mirrored) {
    this.viewport.pose = Object.assign({}, UPRIGHT, { mirrored });
    this.name();
  }
}
