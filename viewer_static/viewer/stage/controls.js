/**
 * The parts around the stage: series, windows, film, what is loaded. Draws state; decides nothing. screen.js has what
 * stands on the stage.
 *
 * @typedef {import('../state.js').Series} Series
 * @typedef {import('./window_level.js').Preset} Preset
 */
import { messages } from '../messages.js';

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page lacks #${id}`);
  return found;
}

/** @param {HTMLElement} place @param {Series[]} all @param {(series: Series) => string} thumbnail
 *  @param {(series: Series) => void} choose */
export function fillSeries(place, all, thumbnail, choose) {
  place.hidden = all.length < 2;
  if (place.hidden) return;
  all.forEach((series) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'series__one';
    button.dataset.n = String(series.n);
    const image = document.createElement('img');
    image.alt = '';
    image.width = 64;
    image.height = 64;
    image.dataset.src = thumbnail(series);
    const words = document.createElement('span');
    words.append(inside('b', messages.series(series.n, series.description)), inside('small', messages.frames(series.frames)));
    button.append(image, words);
    button.addEventListener('click', () => choose(series));
    place.append(button);
  });
}

/** @param {string} tag @param {string} words */
function inside(tag, words) {
  const made = document.createElement(tag);
  made.textContent = words;
  return made;
}

/** Thumbnails wait until the first picture is there. @param {HTMLElement} place */
export function loadThumbnails(place) {
  place.querySelectorAll('img[data-src]').forEach((image) => {
    if (!(image instanceof HTMLImageElement)) return;
    image.src = image.dataset.src || '';
    delete image.dataset.src;
  });
}

/** @param {HTMLElement} place @param {Series} series */
export function markSeries(place, series) {
  place.querySelectorAll('button').forEach((button) => {
    press(button, button.dataset.n === String(series.n));
  });
}

/** @param {Element} button @param {boolean} pressed */
export function press(button, pressed) {
  button.setAttribute('aria-pressed', String(pressed));
}

/** A button. @param {string} words @param {() => void} act */
export function key(words, act) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'key';
  button.textContent = words;
  button.addEventListener('click', act);
  return button;
}

/** @param {HTMLElement} place @param {Preset[]} presets @param {(preset: Preset) => void} choose */
export function fillWindows(place, presets, choose) {
  place.textContent = '';
  place.hidden = presets.length < 2;
  presets.forEach((preset) => {
    const button = key(messages.windows[preset.name] || preset.name, () => choose(preset));
    button.dataset.window = preset.name;
    place.append(button);
  });
}

/** @param {HTMLElement} place @param {Preset[]} presets @param {import('../state.js').View} view */
export function markWindow(place, presets, view) {
  place.querySelectorAll('button').forEach((button, i) => {
    press(button, presets[i].window === view.window && presets[i].gain === view.gain);
  });
}

/** @param {HTMLElement} button @param {boolean} playing */
export function markCine(button, playing) {
  button.textContent = playing ? messages.pause : messages.play;
  press(button, playing);
}

const LEVELS = ['#26363a', '#3f8f96', '#8fe0e2']; // nothing, preview, full

/** One bar over the slider: which frames are here. @param {HTMLCanvasElement} bar @param {number} frames
 *  @param {(k: number) => number} level @returns {number} how many frames can be shown */
export function drawLoaded(bar, frames, level) {
  const context = bar.getContext('2d');
  bar.width = Math.max(1, bar.clientWidth);
  let here = 0;
  for (let k = 1; k <= frames; k += 1) {
    const reached = level(k);
    if (reached) here += 1;
    if (!context) continue;
    context.fillStyle = LEVELS[reached];
    const left = Math.floor(((k - 1) * bar.width) / frames);
    context.fillRect(left, 0, Math.ceil((k * bar.width) / frames) - left, bar.height);
  }
  bar.setAttribute('aria-valuemax', String(frames));
  bar.setAttribute('aria-valuenow', String(here));
  return here;
}

/** Style sheets and modules that the page names for later. Not `import()`: old engines lack it.
 *  @param {string} addresses  with a space between */
export function bringLate(addresses) {
  addresses.split(' ').filter(Boolean).forEach((address) => {
    const part = document.createElement(/\.css$/.test(address) ? 'link' : 'script');
    if (part instanceof HTMLLinkElement) Object.assign(part, { rel: 'stylesheet', href: address });
    else Object.assign(part, { type: 'module', src: address });
    document.head.append(part);
  });
}

/** @param {HTMLElement} place @param {string} words  empty: none */
export function say(place, words) {
  place.hidden = !words;
  if (place.textContent !== words) place.textContent = words;
}
