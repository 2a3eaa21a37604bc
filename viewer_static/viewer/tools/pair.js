/**
 * Two pictures side by side: the mammograms of both breasts at one scale, or two stacks whose slices follow each other by
 * their place in the body. panel.js is one of them, pairing.js has the maths.
 *
 * @typedef {import('../state.js').Series} Series
 * @typedef {import('./pairing.js').Mammogram} Mammogram
 * @typedef {{series: Series, facts: string}} Found
 * @typedef {{api: import('../loading/api.js').Api, name: string, find: () => Promise<Found | undefined>}} Source
 * @typedef {{series: Series, api: import('../loading/api.js').Api, facts: string}} Side
 */
import { clampFrame, middle } from '../state.js';
import { key, press, say } from '../stage/controls.js';
import { STEPS } from '../stage/gestures.js';
import { PairTools, alike } from './bar.js';
import { OverPair } from './over_pair.js';
import { made } from './overlay.js';
import { Panel } from './panel.js';
import { depth, hangings, mammograms, oneScale, overlap, partner } from './pairing.js';
import { words } from './words.js';

const LARGEST = 12;
const REST = { zoom: 1, x: 0, y: 0 };

export class Pair {
  /** @param {import('../viewer.js').Viewer} viewer @param {import('./layers.js').Layers} layers */
  constructor(viewer, layers) {
    this.viewer = viewer;
    this.at = REST;
    this.offset = 0;
    this.linked = true;
    /** @type {import('./bar.js').PairMode} */
    this.mode = 'auto';
    this.hint = '';
    /** @type {Panel[]} */
    this.panels = [];
    /** @type {ReturnType<typeof hangings>} */
    this.hung = [];
    this.root = made(/** @type {HTMLElement} */ (viewer.stage.parentElement), 'section', 'mpr pair');
    this.root.id = 'pair';
    this.root.hidden = true;
    this.root.setAttribute('aria-label', words.pair);
    this.bar = made(this.root, 'div', 'mpr__bar');
    this.closer = key(words.close, () => this.close());
    this.closer.id = 'pair-close';
    this.choices = made(this.bar, 'div', 'windows');
    this.choices.id = 'pair-choices';
    this.bar.insertBefore(this.closer, this.choices);
    this.link = key(words.linked, () => this.toggleLink());
    this.bar.append(this.link, key(words.larger, () => this.move(1.5, 0, 0, null)), key(words.smaller, () => this.move(1 / 1.5, 0, 0, null)));
    this.tools = new PairTools(this.bar, {
      choose: (mode) => this.choose(mode),
      clear: () => this.panels.forEach((panel) => panel.measures.clear()),
      look: (preset) => this.look(preset),
    });
    this.over = new OverPair(this.bar, layers, {
      api: viewer.api,
      panels: () => this.panels,
      scroll: (panel, k) => this.scroll(panel, k),
      tell: (hint) => this.tell(hint),
    });
    this.note = made(this.root, 'p', 'mpr__facts');
    this.note.setAttribute('role', 'status');
    this.places = made(this.root, 'div', 'pair__panels');
    this.root.addEventListener('keydown', (event) => this.pressed(event));
    window.addEventListener('resize', () => this.lay());
  }

  /** The mammograms of the exam. @param {Series[]} all */
  async hang(all) {
    const series = all.filter((one) => one.modality === 'MG');
    const found = await Promise.all(series.map((one) => this.ask(one)
      .then((place) => mammograms(one.n, one.frames, place), () => /** @type {Mammogram[]} */ ([]))));
    this.hung = hangings(found.reduce((list, some) => list.concat(some), []));
    return this.hung.length > 0;
  }

  /** @param {Series} series @param {import('../loading/api.js').Api} [api] @returns {Promise<import('./places.js').Place>} */
  ask(series, api = this.viewer.api) {
    return api.json(`${api.base}/series/${series.n}/places.json`);
  }

  openHung() {
    this.isMammogram = true;
    this.choices.textContent = '';
    const buttons = this.hung.map((one) => key(one.projection, () => choose(one)));
    const choose = (/** @type {typeof this.hung[0]} */ one) => {
      buttons.forEach((button, i) => press(button, this.hung[i] === one));
      this.put(this.side(one.right), this.side(one.left), [one.right, one.left]);
    };
    this.choices.append(...buttons);
    this.open();
    choose(this.hung[0]);
  }

  /** @param {Mammogram} one @returns {Side} */
  side(one) {
    const series = this.viewer.series.filter(({ n }) => n === one.n)[0];
    return { series, api: this.viewer.api, facts: `${this.viewer.factsOf(series)} ${words.breast[one.laterality === 'R' ? 'R' : 'L']} ${one.projection}` };
  }

  /** @param {Source[]} sources  those that may stand beside the series in view */
  openStacks(sources) {
    this.isMammogram = false;
    this.choices.textContent = '';
    const { view } = this.viewer.state;
    const own = { series: view.series, api: this.viewer.api, facts: this.viewer.factsOf(view.series) };
    const buttons = sources.map((source) => key(source.name, () => choose(source)));
    const choose = async (/** @type {Source} */ source) => {
      buttons.forEach((button, i) => press(button, sources[i] === source));
      this.chosen = source;
      const found = await source.find().catch(() => undefined);
      if (this.chosen !== source || this.root.hidden) return;
      if (found) this.put(own, { series: found.series, facts: found.facts, api: source.api }, null);
      else say(this.note, words.noPrior);
    };
    this.choices.append(...buttons);
    this.open();
    choose(sources[0]);
  }

  /** What a drag does in both. @param {import('./bar.js').PairMode} mode */
  choose(mode) {
    this.mode = mode;
    this.tools.mark(mode);
    this.panels.forEach((panel) => {
      panel.stage.dataset.mode = mode;
      if (mode !== 'auto') panel.places.of(panel.state.view.series.n);
    });
    this.tell(mode === 'auto' ? '' : words.modeTitles[mode]);
  }

  /** A preset of the left series; the right one gets its own of the same name. @param {import('./bar.js').Preset} preset */
  look(preset) {
    this.panels.forEach((panel, i) => {
      const { series, k } = panel.state.view;
      const own = i === 0 ? preset : alike(preset.name, series);
      if (own) panel.show({ series, k, window: own.window, gain: own.gain }, this.sources ? this.sources[i].facts : '');
    });
  }

  /** What lies over the two. */
  mark() {
    this.panels.forEach((panel) => panel.mark());
  }

  /** @param {string} hint */
  tell(hint) {
    this.hint = hint;
    this.lay();
  }

  open() {
    this.root.hidden = false;
    this.closer.focus();
  }

  close() {
    this.root.hidden = true;
    this.drop();
  }

  drop() {
    this.panels.forEach((panel) => panel.loader.stop());
    this.panels = [];
    this.places.textContent = '';
  }

  /** @param {Side} left @param {Side} right @param {Mammogram[] | null} hung */
  async put(left, right, hung) {
    this.drop();
    this.at = REST;
    this.offset = 0;
    this.linked = true;
    this.root.classList.toggle('pair--stacks', !hung);
    this.link.hidden = hung !== null;
    const { view } = this.viewer.state;
    const panels = [left, right].map((source, i) => {
      const k = hung ? hung[i].k : source.series === view.series ? view.k : middle(source.series);
      const window = !hung && source.series.modality === view.series.modality ? view.window : null;
      const panel = new Panel(this.places, source.api, { series: source.series, k, window, gain: 1 }, {
        moved: (from, factor, dx, dy) => this.move(factor, dx, dy, from),
        scrolled: (from, to) => this.scroll(from, to),
        reset: () => { this.at = REST; this.lay(); },
        ended: () => { this.close(); this.viewer.screen.end(); },
        ready: () => this.lay(),
        mode: () => this.mode,
        told: (hint) => this.tell(hint),
        over: (over, context) => this.over.draw(over, context),
      });
      if (hung) panel.mirror(hung[i].mirrored);
      panel.show(panel.state.view, source.facts);
      return panel;
    });
    this.panels = panels;
    this.sources = [left, right];
    this.tools.offer(left.series);
    this.over.offer();
    this.choose('auto');
    await Promise.all(panels.map((panel, i) => this.ask([left, right][i].series, panel.api).then(
      (place) => { panel.place = place; panel.name(); },
      () => {}, // the pictures tell what is wrong with the line
    )));
    if (this.panels !== panels) return;
    if (!hung) this.scroll(panels[0], panels[0].state.view.k);
    this.lay();
  }

  /** @param {number} factor @param {number} dx @param {number} dy @param {Panel | null} from */
  move(factor, dx, dy, from) {
    const zoom = Math.max(1, Math.min(LARGEST, this.at.zoom * factor));
    const ratio = zoom / this.at.zoom;
    const mirrored = this.isMammogram && from === this.panels[1] ? -1 : 1; // both breasts move towards the chest together
    this.at = { zoom, x: (this.at.x + dx * mirrored) * ratio, y: (this.at.y + dy) * ratio };
    this.lay();
  }

  /** Both at one scale; mammograms meet at the chest wall. */
  lay() {
    if (this.root.hidden || this.panels.length < 2) return;
    const scales = oneScale(this.panels[0].scale(), this.panels[1].scale());
    this.root.dataset.scale = scales ? 'one' : 'unknown';
    const byPlace = this.byPlace ? words.byPlace : '';
    const caution = this.mode === 'auto' ? '' : words.caution;
    say(this.note, [this.hint, caution, scales ? words.oneScale : words.scaleUnknown, this.isMammogram ? '' : byPlace]
      .filter(Boolean).join(' · '));
    press(this.link, this.linked);
    this.panels.forEach((panel, i) => {
      const { zoom, x, y } = this.at;
      const own = zoom * (scales ? scales[i] : 1);
      const side = this.isMammogram && i === 1 ? -1 : 1;
      const fit = panel.viewport.fit();
      const spare = (panel.viewport.size().width - fit.width * own) / 2;
      const hug = this.isMammogram ? side * spare : 0; // the chest wall to the middle of the screen
      panel.lay({ zoom: own, x: hug + side * x, y });
    });
  }

  /** @param {Panel} from @param {number} to */
  scroll(from, to) {
    const k = clampFrame(to, from.state.view.series.frames);
    const other = this.panels[from === this.panels[0] ? 1 : 0];
    this.go(from, k);
    if (!other || !this.linked || this.isMammogram) return;
    const [a, b] = [from.state.view.series, other.state.view.series];
    const overlaps = from.place && other.place && overlap(from.place, a.frames, other.place, b.frames);
    const found = partner(overlaps ? from.place : null, k, a.frames, overlaps ? other.place : null, b.frames,
      from === this.panels[0] ? this.offset : -this.offset);
    this.byPlace = found.byPlace;
    this.go(other, found.k);
    this.lay();
  }

  /** Linked again, the two follow each other as they were scrolled: the body lay elsewhere then. */
  toggleLink() {
    const [one, other] = this.panels;
    this.linked = !this.linked;
    if (this.linked && one && other && one.place && other.place) {
      const [a, b] = [depth(one.place, one.state.view.k), depth(other.place, other.state.view.k)];
      this.offset = a === null || b === null ? 0 : b - a;
    }
    this.lay();
  }

  /** @param {Panel} panel @param {number} k */
  go(panel, k) {
    const { series, window, gain } = panel.state.view;
    const at = this.panels.indexOf(panel);
    panel.show({ series, k, window, gain }, this.sources ? this.sources[Math.max(0, at)].facts : '');
    this.mark(); // the line in the other one moves
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    event.stopPropagation(); // the stack behind has the same keys
    const steps = STEPS[event.key];
    if (event.key === 'Escape') this.close();
    else if (steps && this.panels[0]) this.scroll(this.panels[0], this.panels[0].state.view.k + steps);
    else return;
    event.preventDefault();
  }
}
