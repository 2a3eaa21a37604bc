/**
 * The tools of the viewer, which come when the first picture stands: what a drag does, how the picture lies, measures,
 * planes. Each part has a file of its own; here they are put together.
 *
 * @typedef {import('./bar.js').Mode} Mode
 */
import { element, key, say } from '../stage/controls.js';
import { Mpr } from '../mpr/mpr.js';
import { isFilm } from '../state.js';
import { viewer } from '../viewer.js';
import { Bar, FullScreen } from './bar.js';
import { Besides } from './besides.js';
import { Layers } from './layers.js';
import { KeyImages, StatesOfDisplay } from './marks.js';
import { Lens } from './lens.js';
import { Measures } from './measures.js';
import { Overlay } from './overlay.js';
import { Pair } from './pair.js';
import { Places, ofFrame } from './places.js';
import { Tiles } from './tiles.js';
import { Turntable } from './turntable.js';
import { Probe, Windowing } from './windowing.js';
import { words } from './words.js';

const ZOOM_STEP = 1.5;
const COUNT_MS = 1000; // between two looks at how many bytes came
const CENTRE = { x: 0, y: 0 };

class Tools {
  /** @param {import('../viewer.js').Viewer} stack */
  constructor(stack) {
    this.stack = stack;
    /** @type {Mode} */
    this.mode = 'auto';
    this.windowing = new Windowing(stack);
    this.places = new Places(stack.api, () => { this.overlay.later(); this.nameWindows(); });
    this.measures = new Measures(stack, this.places, {
      changed: () => this.overlay.later(),
      hint: (hint) => say(element('note', HTMLElement), hint),
    });
    this.layers = new Layers(stack, () => { this.overlay.later(); this.pair.mark(); });
    this.overlay = new Overlay(stack, this.places, this.measures, this.layers);
    this.overlay.dragged = () => (this.windowing.dragging ? this.windowing.at : null);
    this.probe = new Probe(stack, this.windowing, () => this.overlay.later());
    this.overlay.probed = () => this.probe.value();
    this.lens = new Lens(stack, () => this.overlay.later());
    this.overlay.magnified = (context) => this.lens.draw(context);
    this.mpr = new Mpr(stack.api, () => stack.screen.end(), (series) => stack.factsOf(series));
    this.full = new FullScreen((full) => {
      this.bar.press('full', full);
      this.bar.acts.full.textContent = full ? words.leaveFull : words.full;
    });
    this.bar = new Bar((mode) => this.choose(mode), [
      { name: 'invert', act: () => this.pose({ inverted: true }), key: 'I' },
      { name: 'rotate', act: () => this.pose({ turns: 1 }), key: 'R' },
      { name: 'mirror', act: () => this.pose({ mirrored: true }), key: 'F' },
      { name: 'upend', act: () => this.pose({ mirrored: true, turns: 2 }) },
      { name: 'larger', act: () => stack.zoom(ZOOM_STEP, CENTRE), key: '+' },
      { name: 'smaller', act: () => stack.zoom(1 / ZOOM_STEP, CENTRE), key: '-' },
      { name: 'full', act: () => this.full.toggle() },
      { name: 'clear', act: () => this.measures.clear() },
      { name: 'save', act: () => this.save(!stack.loader.saving) },
    ]);
    this.planes = key(words.planes, () => this.openPlanes());
    this.planes.id = 'mpr-open';
    this.turntable = new Turntable(stack);
    this.around = key(words.turntable, () => this.turntable.open(stack.state.view.series));
    this.pair = new Pair(stack, this.layers);
    this.breasts = key(words.mammograms, () => this.pair.openHung());
    this.beside = key(words.pair, () => this.pair.openStacks(this.besides.here(stack.state.view.series)));
    this.besides = new Besides(stack, () => this.offer());
    this.breasts.hidden = true;
    this.keyImages = new KeyImages(stack);
    this.keep = kept();
    this.bar.add([this.keyImages.button, this.planes, this.around, this.breasts, this.beside]
      .concat(this.layers.all.map(({ button }) => button)));
    this.bar.place.append(this.keep);
    this.pair.hang(stack.series).then((some) => { this.breasts.hidden = !some; });
    this.tiles = new Tiles(stack);
    stack.tool = (grip) => this.tool(grip);
    stack.state.onChange((view, before) => {
      this.overlay.later();
      this.keyImages.mark();
      this.offerToKeep();
      if (view.series !== before.series) this.opened();
      if (view.series !== before.series || view.k !== before.k) this.display.follow();
    });
    document.addEventListener('keydown', (event) => this.pressed(event));
    element('reset', HTMLElement).addEventListener('click', () => this.markPose());
    this.opened();
    this.display = new StatesOfDisplay(stack, () => this.markPose());
    this.save(stack.loader.saving);
    setInterval(() => this.count(), COUNT_MS);
    stack.viewport.draw();
    stack.canvas.dataset.tools = 'ready';
  }

  /** @param {boolean} saving */
  save(saving) {
    this.stack.loader.save(saving);
    this.bar.press('save', saving);
    this.count();
  }

  count() {
    say(this.bar.acts.save, words.saved(this.stack.api.bytes));
  }

  /** Another series: the viewer laid it upright. */
  opened() {
    if (this.display) this.display.forget();
    this.nameWindows();
    this.offer();
    this.markPose();
    this.choose('auto');
  }

  /** Windows of the header have buttons when they are known. */
  nameWindows() {
    const place = this.places.of(this.stack.state.view.series.n);
    if (place) this.stack.offerWindows(ofFrame(place.windows || [], this.stack.state.view.k) || []);
  }

  /** What opens from the series in view. */
  offer() {
    const { series } = this.stack.state.view;
    this.planes.hidden = series.frames < 2 || isFilm(series) || (!series.mpr && !series.mpr_reason);
    this.around.hidden = !series.turntable;
    this.beside.hidden = this.besides.here(series).length < 1;
    this.layers.mark();
    this.offerToKeep();
  }

  /** WeChat saves neither a canvas nor a blob: the picture in view opens as an ordinary one, under its window. */
  offerToKeep() {
    const { series, k, window } = this.stack.state.view;
    const query = window ? `?wc=${window.center}&ww=${window.width}` : '';
    this.keep.href = `${this.stack.api.base}/pictures/${series.n}/${k}${query}`;
  }

  openPlanes() {
    const { series } = this.stack.state.view;
    if (series.mpr) this.mpr.open(series);
    else say(element('note', HTMLElement), series.mpr_reason || '');
  }

  /** @param {Mode} mode */
  choose(mode) {
    this.mode = mode;
    this.bar.mark(mode);
    this.stack.stage.dataset.mode = mode;
    const measures = mode === 'length' || mode === 'angle' || mode === 'region';
    if (measures) this.places.of(this.stack.state.view.series.n);
    if (mode === 'window' && !this.stack.loader.saving) this.windowing.bring();
    if (mode !== 'auto') say(element('note', HTMLElement), measures && this.measures.refusal() || words.modeTitles[mode]);
    else this.stack.note();
  }

  /** @param {import('../stage/gestures.js').Grip} grip @returns {import('../stage/gestures.js').Tool | null} */
  tool(grip) {
    if (grip === 'right' || grip === 'middle') return null;
    if (this.mode === 'pan') {
      return { draws: false, down: () => {}, up: () => {}, move: (to, from) => this.stack.pan(to.x - from.x, to.y - from.y) };
    }
    if (this.mode === 'window' || (this.mode === 'auto' && grip === 'left')) return this.windowing.tool();
    if (this.mode === 'lens') return this.lens.tool(grip);
    return this.mode === 'auto' ? null : this.measures.tool(this.mode);
  }

  /** @param {{turns?: number, mirrored?: boolean, inverted?: boolean}} change  on top of how it lies */
  pose(change) {
    const { turns, mirrored, inverted } = this.stack.viewport.pose;
    const sense = change.mirrored ? -1 : 1; // mirrored after it was turned: turned the other way round, then
    this.stack.pose({
      turns: (sense * turns + (change.turns || 0) + 4) % 4,
      mirrored: mirrored !== Boolean(change.mirrored),
      inverted: inverted !== Boolean(change.inverted),
    });
    this.markPose();
  }

  markPose() {
    const { mirrored, inverted } = this.stack.viewport.pose;
    this.bar.press('invert', inverted);
    this.bar.press('mirror', mirrored);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    const { presets, state } = this.stack;
    const preset = /^[1-9]$/.test(event.key) ? presets[Number(event.key) - 1] : undefined;
    const name = event.key.toLowerCase();
    if (preset) state.look(preset.window, preset.gain);
    else if (name === 'i') this.pose({ inverted: true });
    else if (name === 'r') this.pose({ turns: 1 });
    else if (name === 'f') this.pose({ mirrored: true });
    else if (name === 'escape' && this.full.full) this.full.toggle();
    else if (name === 'escape') this.choose('auto');
    else return;
    event.preventDefault();
  }
}

/** A link that looks like a button. */
function kept() {
  const link = document.createElement('a');
  link.className = 'key';
  link.id = 'keep';
  link.textContent = words.keep;
  return link;
}

if (viewer) new Tools(viewer);
