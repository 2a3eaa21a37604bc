/** Plays a film (ultrasound, angiography) in a loop; waits where a frame is not here yet. */

const FRAME_MS = 80; // 12.5 a second: smooth enough to read, kind to old phones

export class Cine {
  /** @param {{step: () => void, mayStep: () => boolean, changed: (playing: boolean) => void}} film */
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
    this.timer = window.setInterval(() => { if (this.film.mayStep()) this.film.step(); }, FRAME_MS);
    this.film.changed(true);
  }

  stop() {
    if (!this.playing) return;
    window.clearInterval(this.timer);
    this.timer = undefined;
    this.film.changed(false);
  }
}
