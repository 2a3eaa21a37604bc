/* A stand-in for WeChat's script: it draws the subscription button, and whoever presses it agrees. */
(function () {
  'use strict';
  var ready = [], configured = false;
  window.wx = {
    config: function (given) { configured = !!given.signature; ready.forEach(function (one) { one(); }); },
    ready: function (one) { if (configured) one(); else ready.push(one); },
  };
  customElements.define('wx-open-subscribe', class extends HTMLElement {
    connectedCallback() {
      setTimeout(() => {
        var template = this.querySelector('script:not([slot])');
        var drawn = document.createElement('div');
        drawn.innerHTML = template ? template.textContent : '';
        this.appendChild(drawn);
        drawn.addEventListener('click', (event) => {
          event.preventDefault();
          var details = JSON.stringify({ [this.getAttribute('template')]: JSON.stringify({ status: 'accept' }) });
          this.dispatchEvent(new CustomEvent('success', { detail: { errMsg: 'subscribe:ok', subscribeDetails: details } }));
        });
      }, 0);
    }
  });
})();
