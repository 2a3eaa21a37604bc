/**
 * A page that stays open asks now and then whether its report is still the newest, and says so when it is not. Nothing
 * moves under the reader's eyes but that line. Without script the page is as it was when it was opened.
 */
(function () {
  'use strict';
  var EVERY_MS = 30000, MOST_TIMES = 240; // two hours: then somebody forgot the page
  var found = /** @type {HTMLElement | null} */ (document.querySelector('[data-report-news]'));
  if (!found || !window.fetch) return;
  var news = found, left = MOST_TIMES;

  async function look() {
    if (document.hidden || !news.hidden || left <= 0) return;
    left -= 1;
    try {
      var answer = await fetch(news.dataset.base + '/report-version', { credentials: 'same-origin', cache: 'no-store' });
      if (answer.ok && (await answer.json()).version > Number(news.dataset.version)) news.hidden = false;
    } catch (unreached) { /* asked again later */ }
  }

  document.addEventListener('visibilitychange', look);
  window.addEventListener('pageshow', look);
  setInterval(look, EVERY_MS);
})();
