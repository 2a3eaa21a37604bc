/**
 * The forms that open an exam stay on their page: a refusal or a pause is told above the form, and every field keeps its text.
 * The server's answer is the same for every failure; what to say of it is decided here, from the lengths of what was
 * typed. Without script the form posts itself and patient/refused.html answers.
 */
(function () {
  'use strict';
  var found = /** @type {HTMLFormElement | null} */ (document.querySelector('form[data-entry]'));
  var region = /** @type {HTMLElement | null} */ (document.querySelector('[data-refusal]'));
  if (!found || !region || !window.fetch) return;
  var form = found, told = region, isWaiting = false;
  /** @type {HTMLButtonElement | null} */
  var pressed = null;

  /** The text of a field as letters and digits, without the marks that people put between them. */
  function lengthOf(/** @type {string} */ name) {
    var field = /** @type {HTMLInputElement | null} */ (form.querySelector('input[name="' + name + '"]'));
    return field ? field.value.normalize('NFKC').replace(/[^0-9A-Za-z]/g, '').length : 0;
  }

  /** Shows the words of the page's template of that name; without one, those of what was not reached. */
  function tell(/** @type {string} */ which, /** @type {number} */ minutes = 0) {
    var template = /** @type {HTMLTemplateElement} */ (
      document.querySelector('template[data-' + which + ']') || document.querySelector('template[data-unreached]'));
    var page = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    page.querySelectorAll('[data-minutes]').forEach(function (one) { one.textContent = String(minutes); });
    page.querySelectorAll('[data-fault]').forEach(function (one) {
      var fault = /** @type {HTMLElement} */ (one);
      var right = (fault.dataset.lengths || '').split(' ').map(Number);
      if (right.includes(lengthOf(fault.dataset.fault || ''))) fault.remove();
    });
    var faults = page.querySelector('[data-faults]'), what = page.querySelector('[data-what]');
    if (faults && what) (faults.childElementCount ? what : faults).remove();
    told.textContent = '';
    told.appendChild(page);
    told.scrollIntoView({ block: 'start' });
  }

  /** Success: the answer itself cannot be read. The code's own address leads to the exam now. */
  function goIn(/** @type {string | null} */ code) {
    location.assign(code ? '/s/' + encodeURIComponent(code) : form.getAttribute('action') || location.href);
  }

  async function send() {
    var typed = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    var answer = await fetch(form.getAttribute('action') || location.href, {
      method: 'POST', body: typed, redirect: 'manual', credentials: 'same-origin',
    });
    if (answer.type === 'opaqueredirect') return goIn(typed.get('pickup_code'));
    if (answer.status === 403) return tell('refused');
    // A pause, or the step up. Its page is not shown: to post the form once more would count a second try, and no script
    // of ours makes markup of a string. The same words and the same buttons stand on this page.
    if (answer.status !== 429) return tell('unreached');
    var seconds = Number(answer.headers.get('Retry-After'));
    tell(seconds ? 'paused' : 'step-up', Math.ceil(seconds / 60));
  }

  form.addEventListener('click', function (event) {
    pressed = /** @type {Element} */ (event.target).closest('button');
  });
  form.addEventListener('submit', async function (event) {
    if (pressed && pressed.name) return; // a request for a one-time code leads to another page
    event.preventDefault();
    if (isWaiting) return;
    isWaiting = true;
    form.setAttribute('aria-busy', 'true');
    try {
      await send();
    } catch (unreached) {
      tell('unreached');
    } finally {
      isWaiting = false;
      form.removeAttribute('aria-busy');
    }
  });
})();
