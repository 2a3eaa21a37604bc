/**
 * The button that asks to be told: WeChat draws it and asks the user; when the user agrees, the form tells us. Without WeChat's
 * script nothing happens, and the page says what to do.
 */
(function () {
  'use strict';
  var form = /** @type {HTMLFormElement | null} */ (document.querySelector('form[data-subscribe]'));
  var wx = /** @type {any} */ (window).wx;
  if (!form || !wx) return;
  var found = form;
  wx.config({
    appId: found.dataset.appid,
    timestamp: Number(found.dataset.timestamp),
    nonceStr: found.dataset.nonce,
    signature: found.dataset.signature,
    jsApiList: [],
    openTagList: ['wx-open-subscribe'],
  });
  var button = found.querySelector('wx-open-subscribe');
  if (!button) return;
  button.addEventListener('success', function (event) {
    var details = String(/** @type {any} */ (event).detail.subscribeDetails || '');
    if (details.indexOf('accept') >= 0) found.submit();
  });
  var unsupported = found.querySelector('[data-unsupported]');
  wx.ready(function () { if (unsupported) unsupported.remove(); });
})();
