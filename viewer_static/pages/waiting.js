/**
 * A page that waits for somebody else's tap asks again and again, and is made anew only when it would say something else:
 * nothing moves under the reader's finger. Without script the page refreshes itself (`noscript` in the template).
 */
(function () {
  'use strict';
  var EVERY_MS = 2000;

  /** @param {Document} page What a reader sees of it. */
  function words(page) {
    var main = page.querySelector('main');
    return main ? (main.textContent || '').replace(/\s+/g, ' ') : '';
  }

  async function look() {
    if (!window.fetch || !window.DOMParser) return location.reload();
    try {
      var answer = await fetch(location.pathname, { credentials: 'same-origin', cache: 'no-store' });
      if (answer.redirected) return location.replace(answer.url);
      var now = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (!answer.ok || words(now) !== words(document)) return location.replace(location.pathname);
    } catch (unreached) { /* asked again later */ }
    setTimeout(look, EVERY_MS);
  }

  setTimeout(look, EVERY_MS);
})();
