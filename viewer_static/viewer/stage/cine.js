/**
 * Plays a film (ultrasound, angiography): when the next frame is due. Waits where a frame is not here yet. Which frame
 * is next and how it is shown, the caller knows.
 */

const USUAL_MS = 80; // 12.5 a second: smooth enough to read, kind to old phones
const SHORTEST_MS = 16; // a screen shows no more
const LONGEST_MS = 2000;

/** Milliseconds a frame stands: the film's own frame time (0018,1063) where it tells one.
 *  @param {number | null | undefined} told */
export function frameTime(told) {
  return told && told > 0 ? Math.max(SHORTEST_MS, Math.min(LONGEST_MS, told)) : USUAL_MS;
}

export class Cine {
  /** @param {{step: () => void, mayStep: () => boolean, changed: (playing: boolean) => void,
   *          frameMs: () => number | null | undefined}} film */
  constructor(film) {
    this.film = film;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  get playing() {
    return this.timer !== undefined;
  }

  toggle() {
    if (this.playing) this.stop();
    else this.start();
  }

  start() {
    const step = () => { if (this.film.mayStep()) this.film.step(); };
    this.timer = window.setInterval(step, frameTime(this.film.frameMs()));
    this.film.changed(true);
  }

  stop() {
    if (!this.playing) return;
    window.clearInterval(this.timer);
    this.timer = undefined;
    this.film.changed(false);
  }
}
