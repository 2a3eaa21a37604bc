/**
 * The keys for elder mode (长辈版) and for the size of letters change the page where it stands: what was typed stays
 * typed. The server keeps the choice. Without script the form posts itself, and the page comes again.
 */
(function () {
  'use strict';
  var root = document.documentElement;
  var STEPS = ['100', '150', '200'], NAMES = ['标准', '大', '特大']; // as ZOOMS of app/web/patient/reading.py

  function show(/** @type {HTMLButtonElement} */ key) {
    if (key.name === 'elder') {
      var elder = key.value === 'yes';
      root.classList.toggle('elder', elder);
      key.value = elder ? 'no' : 'yes';
      key.setAttribute('aria-pressed', String(elder));
    } else {
      var at = STEPS.indexOf(key.value), name = key.querySelector('[data-zoom-name]');
      STEPS.forEach(function (step) { root.classList.toggle('zoom-' + step, step === key.value); });
      if (name) name.textContent = NAMES[at] || '';
      key.value = STEPS[(at + 1) % STEPS.length] || '100';
    }
    document.querySelectorAll('[data-proposal]').forEach(function (one) { one.remove(); });
    window.dispatchEvent(new Event('resize')); // the viewer's picture fits its stage again
  }

  document.querySelectorAll('form[data-reading]').forEach(function (one) {
    var form = /** @type {HTMLFormElement} */ (one);
    form.addEventListener('click', function (event) {
      var key = /** @type {HTMLButtonElement | null} */ (/** @type {Element} */ (event.target).closest('button'));
      if (!key || !window.fetch) return;
      event.preventDefault();
      var chosen = new URLSearchParams(/** @type {any} */ (new FormData(form)));
      chosen.append(key.name, key.value);
      show(key);
      // a choice that does not arrive lasts for this page
      fetch(form.action, { method: 'POST', body: chosen, redirect: 'manual', credentials: 'same-origin' }).catch(function () {});
    });
  });
})();
