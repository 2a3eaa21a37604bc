/**
 * The field of the last four of an ID number opens the keyboard of digits, with a key for X beside it and one that
 * leads to all letters. Without script the field opens the keyboard of letters and digits.
 */
(function () {
  'use strict';
  var field = /** @type {HTMLInputElement | null} */ (document.getElementById('factor'));
  if (!field) return;
  var input = field;
  input.setAttribute('inputmode', 'numeric');
  document.querySelectorAll('[data-id-key]').forEach(function (one) {
    var key = /** @type {HTMLElement} */ (one);
    key.hidden = false;
    key.addEventListener('click', function () {
      var letter = key.dataset.idKey || '';
      input.value = (input.value + letter).slice(0, input.maxLength);
      if (!letter) {
        input.blur(); // a keyboard that is open does not change
        input.setAttribute('inputmode', 'text');
      }
      input.focus();
    });
  });
})();
