/** The stage alone on the screen: by the browser where it can, and always without the bars around. Knows no picture. */

/** @type {any} */
const root = document.documentElement;

export class FullScreen {
  /** @param {(full: boolean) => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.full = false;
    ['fullscreenchange', 'webkitfullscreenchange'].forEach((name) => document.addEventListener(name, () => {
      if (!inBrowser() && this.full) this.set(false); // left by the browser's own key
    }));
  }

  toggle() {
    this.set(!this.full);
    const act = this.full ? root.requestFullscreen || root.webkitRequestFullscreen
      : inBrowser() && (document.exitFullscreen || /** @type {any} */ (document).webkitExitFullscreen);
    const done = act && act.call(this.full ? root : document);
    if (done && done.catch) done.catch(() => {}); // refused by the system: the bars are gone all the same
  }

  /** @param {boolean} full */
  set(full) {
    this.full = full;
    document.body.classList.toggle('is-full', full);
    window.dispatchEvent(new Event('resize'));
    this.changed(full);
  }
}

function inBrowser() {
  return document.fullscreenElement || /** @type {any} */ (document).webkitFullscreenElement;
}
