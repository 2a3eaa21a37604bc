/**
 * What stands on the stage: one picture or black, a note, a cover. The screen is told what to show; it asks neither the
 * state nor the loader. viewport.js says where the picture lies on the stage, controls.js what stands around it.
 *
 * @typedef {import('../state.js').View} View
 * @typedef {import('../loading/loader.js').Best} Best
 * @typedef {import('../loading/pictures.js').Picture} Picture
 * @typedef {'cannot' | 'failed'} Fault  cannot: it never will be shown; failed: the line did, another try may help
 */
import { element, loadThumbnails, say } from './controls.js';
import { messages } from '../messages.js';

const NOTE_MS = 400; // quicker needs no note

export class Screen {
  /** @param {import('./viewport.js').Viewport} viewport */
  constructor(viewport) {
    this.viewport = viewport;
    this.canvas = viewport.canvas;
    /** The view whose picture was shown last. @type {View | null} */
    this.shown = null;
    /** The same, also of a neighbour that stands in. @type {View | null} */
    this.stands = null;
    this.over = false;
  }

  /** Hands out the picture that came with the page, once it is loaded: unless it is of another frame, or a picture
   *  was shown in the meantime.
   *  @param {View} view @param {(image: HTMLImageElement) => void} loaded */
  awaitFirst(view, loaded) {
    const image = document.getElementById('first-frame');
    if (!(image instanceof HTMLImageElement) || !isFirst(view)) return;
    const tell = () => { if (!this.stands && image.naturalWidth) loaded(image); };
    if (image.complete) tell();
    else image.addEventListener('load', tell);
  }

  /** The frame in full that the page fetches, off the page: half of it must not lie over other pictures.
   *  @returns {HTMLImageElement | null} */
  takeSharp() {
    const image = document.getElementById('first-sharp');
    if (!(image instanceof HTMLImageElement)) return null;
    image.remove();
    return image;
  }

  /** Whether this picture of this view is on the canvas. @param {View} view @param {Best} best */
  shows(view, best) {
    return this.over || (this.canvas.dataset.picture === best.key && this.stands === view);
  }

  /** @param {View} view @param {Best} best @param {Picture} picture */
  present(view, best, picture) {
    if (this.over) return; // keys still scroll
    const { series } = view;
    const { k } = best;
    this.dropFirst(); // before drawing: an image on the page has the page's size, not its own
    this.viewport.show(picture, view.gain);
    this.shown = best.quality === 'near' ? null : view;
    this.stands = view;
    Object.assign(this.canvas.dataset, { slice: k, series: series.n, quality: best.quality, picture: best.key });
    this.canvas.setAttribute('aria-label', messages.picture(messages.series(series.n, series.description), k, series.frames));
    if (best.quality === 'full') loadThumbnails(element('series', HTMLElement));
  }

  /** Black, except where this view's picture is on the canvas or the page already. @param {View} view */
  blank(view) {
    if (this.shown === view || (!this.stands && isFirst(view))) return;
    this.dropFirst();
    this.viewport.show(null);
    this.stands = view;
    delete this.canvas.dataset.slice;
    delete this.canvas.dataset.picture;
    delete this.canvas.dataset.quality;
  }

  dropFirst() {
    const image = document.getElementById('first-frame');
    if (image) image.remove();
  }

  /** Says what we wait for; the cover tells a fault.
   *  @param {View} view @param {boolean} trouble  with the line @param {Fault | undefined} fault */
  note(view, trouble, fault) {
    const line = !navigator.onLine ? messages.offline : trouble ? messages.slow : '';
    const told = this.otherThanAsked(view);
    let words = told && line ? `${told}，${line}` : told || line;
    if (!words && !fault && this.shown !== view) words = messages.loading;
    else if (!words && !fault && this.canvas.dataset.quality === 'preview') words = messages.sharpening;
    clearTimeout(this.noting);
    const tell = () => say(element('note', HTMLElement), words);
    if (told || !words) tell();
    else this.noting = setTimeout(tell, NOTE_MS);
  }

  /** Names what stands there instead. @param {View} view */
  otherThanAsked(view) {
    const { quality, slice } = this.canvas.dataset;
    if (this.stands !== view || !quality) return '';
    const words = quality === 'near' ? [messages.standIn(Number(slice))] : [];
    if (view.window && (quality === 'preview' || quality === 'near')) words.push(messages.windowing);
    if (quality !== 'near' && view.series.incomplete.includes(view.k)) words.push(messages.incomplete);
    return words.join('，');
  }

  /** Tells why a frame has no picture. Without a fault the cover goes, except when the session is over.
   *  @param {Fault | undefined} fault */
  cover(fault) {
    if (this.over) return;
    element('cover', HTMLElement).hidden = !fault;
    element('cover-retry', HTMLElement).hidden = fault !== 'failed';
    say(element('cover-text', HTMLElement), fault ? (fault === 'cannot' ? messages.cannotShow : messages.failed) : '');
  }

  /** The session is over: the picture goes, the cover stays and leads back to the patient's door. */
  end() {
    this.over = true;
    this.viewport.show(null);
    this.dropFirst();
    element('cover', HTMLElement).hidden = false;
    element('cover', HTMLElement).setAttribute('role', 'alert');
    element('cover-retry', HTMLElement).hidden = true;
    say(element('cover-text', HTMLElement), messages.ended);
    const link = element('cover-link', HTMLAnchorElement);
    say(link, messages.endedLink);
    link.href = element('viewer', HTMLElement).dataset.door || '/';
    element('controls', HTMLElement).hidden = true;
  }
}

/** Whether the picture in the page is of this frame. @param {View} view */
export function isFirst(view) {
  const { series, frame } = element('viewer', HTMLElement).dataset;
  return series === String(view.series.n) && frame === String(view.k);
}

/** For an exam without pictures. */
export function coverEmpty() {
  element('cover', HTMLElement).hidden = false;
  say(element('cover-text', HTMLElement), messages.empty);
  element('cover-link', HTMLElement).hidden = false;
}
