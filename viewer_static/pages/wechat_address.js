/**
 * In WeChat a page of an exam bears an address that also opens in the system's browser (「在浏览器打开」), where nobody
 * is logged in. Loaded again here, it leads back to the page.
 */
(function () {
  'use strict';
  var bearer = /** @type {HTMLElement | null} */ (document.querySelector('[data-address]'));
  if (bearer && bearer.dataset.address) history.replaceState(null, '', bearer.dataset.address + location.hash);
})();
