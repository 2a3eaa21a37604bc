/**
 * A tap on a term of the report opens its explanation further down. Without script the tap leads there, and one more
 * opens it.
 */
(function () {
  'use strict';
  function open() {
    var named = location.hash.slice(1), found = named ? document.getElementById(named) : null;
    if (found && found.tagName === 'DETAILS') {
      /** @type {HTMLDetailsElement} */ (found).open = true;
      found.scrollIntoView({ block: 'start' });
    }
  }
  window.addEventListener('hashchange', open);
  document.addEventListener('click', function (event) {
    if (/** @type {Element} */ (event.target).closest('.term-link')) setTimeout(open, 0); // also a second time
  });
  open();
})();
