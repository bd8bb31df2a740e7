// Keeps the page live: swaps in the fragments that the server sends, and keeps what a person has opened open.
(() => {
  "use strict";
  const opened = new Set();
  const pill = document.getElementById("connection");
  const text = document.getElementById("connection-text");
  let source = null;

  function say(state, words) {
    pill.dataset.state = state;
    if (text.textContent !== words) text.textContent = words;
  }

  function reopen(root) {
    for (const details of root.querySelectorAll("details[id]")) {
      if (opened.has(details.id)) details.open = true;
    }
  }

  document.addEventListener("toggle", event => {
    if (event.target.id) opened[event.target.open ? "add" : "delete"](event.target.id);
  }, true);

  // Every swap passes here, also the answer to a button.
  document.addEventListener("htmx:afterSwap", event => reopen(event.target));
  document.addEventListener("htmx:responseError", () => say("off", "That did not work; try again"));
  document.addEventListener("htmx:sendError", () => say("off", "The server does not answer"));

  function connect() {
    if (source) return;
    source = new EventSource("/events");
    source.onopen = () => say("live", "Live");
    source.onerror = () => {
      say("off", "Reconnecting…");
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(() => { if (!document.hidden) connect(); }, 5000);
      }
    };
    for (const place of document.querySelectorAll("[data-live]")) {
      source.addEventListener(place.dataset.live, event => {
        htmx.swap(place, event.data, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
        reopen(place);
      });
    }
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  // A browser has few connections to a server: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      disconnect();
      say("off", "Paused");
    } else {
      connect();
    }
  });
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", () => { if (!document.hidden) connect(); });
  connect();
})();
