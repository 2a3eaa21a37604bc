/**
 * The large-text switch (大字). A classic script: it runs before the first paint, so that letters do not jump.
 * Without script the browser's own text size still works: all sizes are in rem.
 */
(function () {
  'use strict';
  var root = document.documentElement;
  var KEY = 'cloudfilm.large-text';

  /** Storage may be switched off (private mode): then the choice lasts for this page only. */
  function remembered() {
    try { return window.localStorage.getItem(KEY) === 'yes'; } catch (refused) { return false; }
  }

  function remember(/** @type {boolean} */ large) {
    try { window.localStorage.setItem(KEY, large ? 'yes' : 'no'); } catch (refused) { /* nothing to keep */ }
  }

  function show(/** @type {HTMLElement | null} */ button, /** @type {boolean} */ large) {
    root.classList.toggle('large-text', large);
    if (!button) return;
    button.setAttribute('aria-pressed', String(large));
  }

  show(null, remembered());
  document.addEventListener('DOMContentLoaded', function () {
    var button = /** @type {HTMLElement | null} */ (document.querySelector('[data-text-size]'));
    if (!button) return;
    button.hidden = false;
    show(button, remembered());
    button.addEventListener('click', function () {
      var large = !root.classList.contains('large-text');
      remember(large);
      show(button, large);
    });
  });
})();
