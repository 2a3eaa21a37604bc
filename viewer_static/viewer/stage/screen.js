/**
 * What stands on the stage: one picture or black, a note, a cover. The screen is told what to show and knows what it
 * shows. It asks neither the state nor the loader: viewer.js does. viewport.js says where the picture lies on the
 * stage, controls.js what stands around the stage.
 *
 * @typedef {import('../state.js').View} View
 * @typedef {import('../loading/loader.js').Best} Best
 * @typedef {import('../loading/pictures.js').Picture} Picture
 * @typedef {'cannot' | 'failed'} Fault  cannot: it never will be shown; failed: the line did, another try may help
 */
import { element, loadThumbnails, say } from './controls.js';
import { messages } from '../messages.js';

const NOTE_MS = 400; // quicker than this needs no note

export class Screen {
  /** @param {import('./viewport.js').Viewport} viewport */
  constructor(viewport) {
    this.viewport = viewport;
    this.canvas = viewport.canvas;
    /** The view whose picture was shown last. @type {View | null} */
    this.shown = null;
    this.over = false;
  }

  /** Hands out the picture that came with the page, once it is loaded: unless it is of another frame, or a picture
   *  was shown in the meantime.
   *  @param {View} view @param {(image: HTMLImageElement) => void} loaded */
  awaitFirst(view, loaded) {
    const image = document.getElementById('first-frame');
    if (!(image instanceof HTMLImageElement) || !isFirst(view)) return;
    const tell = () => { if (!this.shown && image.naturalWidth) loaded(image); };
    if (image.complete) tell();
    else image.addEventListener('load', tell);
  }

  /** Whether this picture of this view is on the canvas. @param {View} view @param {Best} best */
  shows(view, best) {
    return this.canvas.dataset.picture === best.key && this.shown === view;
  }

  /** @param {View} view @param {Best} best @param {Picture} picture */
  present(view, best, picture) {
    const { series, k } = view;
    this.dropFirst(); // before drawing: an image on the page has the page's size, not its own
    this.viewport.show(picture, view.gain);
    this.shown = view;
    Object.assign(this.canvas.dataset, { slice: k, series: series.n, quality: best.quality, picture: best.key });
    this.canvas.setAttribute('aria-label', messages.picture(messages.series(series.n, series.description), k, series.frames));
    if (best.quality === 'full') loadThumbnails(element('series', HTMLElement));
  }

  /** A frame that is not here is black, never its neighbour. What shows this view already stays: its picture on the
   *  canvas, or the first one on the page. @param {View} view */
  blank(view) {
    if (this.shown === view || (!this.shown && isFirst(view))) return;
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

  /** Says what we wait for. A fault is told by the cover.
   *  @param {View} view @param {boolean} trouble  with the line @param {Fault | undefined} fault */
  note(view, trouble, fault) {
    let words = '';
    if (!navigator.onLine) words = messages.offline;
    else if (trouble) words = messages.slow;
    else if (fault) words = '';
    else if (this.shown !== view) words = messages.loading;
    else if (this.canvas.dataset.quality === 'preview') words = view.window ? messages.windowing : messages.sharpening;
    clearTimeout(this.noting);
    this.noting = setTimeout(() => say(element('note', HTMLElement), words), words ? NOTE_MS : 0);
  }

  /** Tells why a frame has no picture. Without a fault the cover goes, except when the session is over.
   *  @param {Fault | undefined} fault */
  cover(fault) {
    if (this.over) return;
    element('cover', HTMLElement).hidden = !fault;
    element('cover-retry', HTMLElement).hidden = fault !== 'failed';
    say(element('cover-text', HTMLElement), fault ? (fault === 'cannot' ? messages.cannotShow : messages.failed) : '');
  }

  /** The session is over: the picture goes, the cover stays and leads to the front page. */
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
    link.href = '/';
    element('controls', HTMLElement).hidden = true;
  }
}

/** Whether the picture in the page is of this frame. @param {View} view */
function isFirst(view) {
  const { series, frame } = element('viewer', HTMLElement).dataset;
  return series === String(view.series.n) && frame === String(view.k);
}

/** The cover of an exam without any picture. */
export function coverEmpty() {
  element('cover', HTMLElement).hidden = false;
  say(element('cover-text', HTMLElement), messages.empty);
  element('cover-link', HTMLElement).hidden = false;
}
