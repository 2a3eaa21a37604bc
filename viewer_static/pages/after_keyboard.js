/**
 * The keyboard of iOS leaves WeChat's page pushed up when it closes, and taps miss their keys until somebody scrolls.
 */
document.addEventListener('focusout', function () {
  'use strict';
  setTimeout(function () {
    var active = document.activeElement;
    if (active && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) return; // on to the next field
    window.scrollTo(0, Math.max(window.pageYOffset - 1, 0));
  }, 100);
});
