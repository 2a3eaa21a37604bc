/**
 * The body of a CT from around: a picture for each step of a whole turn, drawn by the server. A finger, the mouse, wheel,
 * keys or the slider turn it; the nearest picture that is here stands in for one that is not.
 *
 * @typedef {import('../state.js').Series} Series
 * @typedef {'bone' | 'vessels' | 'lung' | 'skin'} Look
 */
import { SessionEnded } from '../loading/api.js';
import { Pictures } from '../loading/pictures.js';
import { messages } from '../messages.js';
import { key, press, say } from '../stage/controls.js';
import { made } from './overlay.js';
import { words } from './words.js';

/** @type {Look[]} */
const LOOKS = ['bone', 'vessels', 'lung', 'skin'];
const CONCURRENT = 2; // a session has few places for cuts, and the planes want some
const SIZE = 640; // pixels
const TURN_SHARE = 1.2; // of the width: a drag this long is a whole turn
const PLAY_MS = 120;

/** Steps of a turn, nearest to k first. @param {number} k @param {number} count @returns {number[]} */
export function turnFrom(k, count) {
  const all = [k];
  for (let step = 1; all.length < count; step += 1) {
    all.push(stepped(k, step, count));
    if (all.length < count) all.push(stepped(k, -step, count));
  }
  return all;
}

/** Round and round. @param {number} k @param {number} steps @param {number} count */
export function stepped(k, steps, count) {
  return ((((k - 1 + steps) % count) + count) % count) + 1;
}

export class Turntable {
  /** @param {import('../viewer.js').Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.pictures = new Pictures();
    /** @type {Series | null} */
    this.series = null;
    /** @type {Look} */
    this.look = 'bone';
    this.k = 1;
    this.count = 1;
    this.travel = 0;
    /** @type {Set<string>} */
    this.running = new Set();
    this.failed = false;
    this.root = made(/** @type {HTMLElement} */ (viewer.stage.parentElement), 'section', 'mpr');
    this.root.id = 'turntable';
    this.root.hidden = true;
    this.root.setAttribute('aria-label', words.turntable);
    const bar = made(this.root, 'div', 'mpr__bar');
    this.closer = key(words.close, () => this.close());
    this.closer.id = 'turntable-close';
    this.player = key(messages.play, () => this.play(this.playing === undefined));
    const looks = made(bar, 'div', 'windows');
    looks.setAttribute('role', 'group');
    this.looks = LOOKS.map((look) => key(words.looks[look], () => { this.look = look; this.show(); }));
    looks.append(...this.looks);
    bar.insertBefore(this.closer, looks);
    bar.append(this.player);
    const place = made(this.root, 'div', 'turntable__place');
    this.canvas = made(place, 'canvas', 'turntable__picture');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', words.turntable);
    this.note = made(place, 'p', 'stage__note mpr__note');
    this.note.setAttribute('role', 'status');
    this.facts = made(place, 'p', 'stage__facts');
    this.slider = made(this.root, 'input', 'scroller__slider turntable__slider');
    Object.assign(this.slider, { type: 'range', min: '1', step: '1' });
    this.slider.setAttribute('aria-label', words.turntable);
    made(this.root, 'p', 'caveat').textContent = words.notDiagnostic;
    this.listen(this.root, this.canvas, this.slider);
  }

  /** @param {HTMLElement} root @param {HTMLCanvasElement} canvas @param {HTMLInputElement} slider */
  listen(root, canvas, slider) {
    slider.addEventListener('input', () => this.go(Number(slider.value)));
    canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); this.x = event.clientX; });
    canvas.addEventListener('pointermove', (event) => { if (event.buttons) this.turn(event.clientX - (this.x || 0)); this.x = event.clientX; });
    canvas.addEventListener('wheel', (event) => { event.preventDefault(); this.step(Math.sign(event.deltaY)); }, { passive: false });
    root.addEventListener('keydown', (event) => {
      event.stopPropagation(); // the stack behind has the same keys
      const steps = /** @type {{[key: string]: number}} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 })[event.key];
      if (event.key === 'Escape') this.close();
      else if (steps && event.target !== slider) { event.preventDefault(); this.step(steps); }
    });
  }

  /** @param {Series} series  one that has a turntable */
  open(series) {
    if (!series.turntable) return;
    if (this.series !== series) this.k = 1;
    this.series = series;
    this.count = series.turntable;
    this.slider.max = String(this.count);
    say(this.facts, this.viewer.factsOf(series));
    this.root.hidden = false;
    this.failed = false;
    this.closer.focus();
    this.show();
  }

  close() {
    this.play(false);
    this.root.hidden = true;
  }

  /** @param {boolean} playing */
  play(playing) {
    window.clearInterval(this.playing);
    this.playing = playing ? window.setInterval(() => this.step(1), PLAY_MS) : undefined;
    this.player.textContent = playing ? messages.pause : messages.play;
  }

  /** @param {number} dx  pixels */
  turn(dx) {
    this.travel += dx;
    const pixels = (this.canvas.clientWidth * TURN_SHARE) / this.count;
    const steps = Math.trunc(this.travel / pixels);
    if (!steps) return;
    this.travel -= steps * pixels;
    this.step(steps);
  }

  /** @param {number} steps */
  step(steps) {
    this.go(stepped(this.k, steps, this.count));
  }

  /** @param {number} k */
  go(k) {
    this.k = k;
    this.show();
  }

  /** @param {number} k */
  url(k) {
    return `${this.viewer.api.base}/series/${this.series ? this.series.n : 0}/turntable/${k}.jpg?preset=${this.look}&size=${SIZE}`;
  }

  show() {
    this.looks.forEach((button, i) => press(button, LOOKS[i] === this.look));
    this.slider.value = String(this.k);
    this.draw();
    this.fetch();
  }

  /** The addresses of all pictures, those near to the one in view first. */
  urls() {
    return turnFrom(this.k, this.count).map((k) => this.url(k));
  }

  /** The nearest that is here. */
  best() {
    return this.urls().filter((url) => this.pictures.has(url))[0];
  }

  async draw() {
    const best = this.best();
    const { note, canvas } = this;
    say(note, this.failed ? messages.failed : best ? '' : words.turning);
    if (!best) return;
    const picture = this.pictures.ready(best) || (await this.pictures.decode(best));
    const context = canvas.getContext('2d');
    if (!picture || !context || best !== this.best()) return;
    canvas.width = picture.width;
    canvas.height = picture.height;
    context.drawImage(picture, 0, 0);
    canvas.dataset.turn = best;
  }

  fetch() {
    if (this.root.hidden || this.failed) return;
    const lacking = this.urls().filter((url) => !this.pictures.has(url) && !this.running.has(url));
    lacking.slice(0, CONCURRENT - this.running.size).forEach((url) => this.bring(url));
  }

  /** @param {string} url */
  async bring(url) {
    this.running.add(url);
    try {
      this.pictures.add(url, await this.viewer.api.blob(url));
    } catch (fault) {
      this.failed = true;
      if (fault instanceof SessionEnded) { this.close(); this.viewer.screen.end(); }
    }
    this.running.delete(url);
    this.draw();
    this.fetch();
  }
}
