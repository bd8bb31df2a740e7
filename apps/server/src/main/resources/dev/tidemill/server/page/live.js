// Keeps pages up to date: swaps in what the server sends, keeps what a person has opened open, and never takes away
// what somebody is at work on.
(() => {
  "use strict";
  const opened = new Set();
  let source = null;

  function say(state, words) {
    const pill = document.getElementById("connection");
    const text = document.getElementById("connection-text");
    if (!pill) return;
    pill.dataset.state = state;
    if (text.textContent !== words) text.textContent = words;
  }

  function reopen(root) {
    for (const details of root.querySelectorAll("details[id]:not(.menu-box)")) {
      if (opened.has(details.id)) details.open = true;
    }
  }

  document.addEventListener("toggle", event => {
    if (event.target.id) opened[event.target.open ? "add" : "delete"](event.target.id);
  }, true);

  function swap(place, html) {
    const scrolls = [...place.querySelectorAll(".scroll")].map(one => [one.scrollLeft, one.scrollTop]);
    htmx.swap(place, html, { swapStyle: "innerHTML", swapDelay: 0, settleDelay: 0 });
    reopen(place);
    [...place.querySelectorAll(".scroll")].forEach((one, index) => {
      if (scrolls[index]) [one.scrollLeft, one.scrollTop] = scrolls[index];
    });
    place.dispatchEvent(new CustomEvent("tidemill:swapped", { bubbles: true }));
  }

  // The overview: the server sends what changed.
  function connect() {
    if (source || !document.querySelector("[data-live]")) return;
    source = new EventSource("/events");
    source.onopen = () => say("live", "Live");
    source.onerror = () => {
      say("off", "Reconnecting…");
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(reconnect, 5000);
      }
    };
    for (const { dataset } of document.querySelectorAll("[data-live]")) {
      source.addEventListener(dataset.live, event => {
        const place = document.querySelector(`[data-live="${dataset.live}"]`);
        if (place) swap(place, event.data);
      });
    }
  }

  // A stream that is refused does not say why; the page does.
  async function reconnect() {
    if (document.hidden) return;
    const answer = await ask().catch(() => null);
    if (answer && answer.status === 401) loggedOut();
    connect();
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  // Other pages that move: a part of the page is asked for anew, unless a person is filling something in there.
  function busy(place) {
    const at = document.activeElement;
    return (place.contains(at) && at.matches("input, select, textarea"))
      || place.querySelector("input[type=checkbox]:checked, details.menu-box[open]") !== null;
  }

  // The header says that nobody asked for this: a page that is left open does not keep its session from ending.
  function ask() {
    return fetch(location.href, { headers: { Accept: "text/html", "Tidemill-Refresh": "true" } });
  }

  // The session is over: this page's address answers with the form to log in.
  function loggedOut() {
    if (busy(document.getElementById("main"))) say("off", "Logged out; reload to log in");
    else location.reload();
  }

  async function refresh(place) {
    const wait = Number(place.dataset.refresh);
    if (!document.hidden && !busy(place)) {
      try {
        const answer = await ask();
        const fresh = answer.ok
          ? new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(place.id)
          : null;
        const now = document.getElementById(place.id);
        if (answer.status === 401) {
          loggedOut();
        } else if (!fresh) {
          say("off", "Reload to go on");
        } else if (now && !busy(now)) {
          if (now.innerHTML !== fresh.innerHTML) swap(now, fresh.innerHTML);
          say("live", "Live");
          if (!fresh.dataset.refresh) {
            delete now.dataset.refresh;
            say("", "Up to date");
          }
        }
      } catch {
        say("off", "The server does not answer");
      }
    }
    setTimeout(again, wait, place.id);
  }

  function again(id) {
    const place = document.getElementById(id);
    if (place && place.dataset.refresh) refresh(place);
  }

  function watch() {
    for (const place of document.querySelectorAll("[data-refresh]")) {
      if (place.dataset.watched) continue;
      place.dataset.watched = "yes";
      say("live", "Live");
      setTimeout(again, Number(place.dataset.refresh), place.id);
    }
  }

  // An answer that is no page of ours, such as a problem in JSON or what a proxy says in our place, would leave an empty
  // page: what it says is shown on the one that is there.
  document.addEventListener("htmx:beforeSwap", event => {
    const { xhr } = event.detail;
    if (!event.detail.shouldSwap || xhr.responseText.includes('<main id="main"')) return;
    event.detail.shouldSwap = false;
    let words = `The answer was no page, but status ${xhr.status}. Reload to see what was done.`;
    try {
      words = JSON.parse(xhr.responseText).detail || words;
    } catch {
      // Nothing of ours, then.
    }
    const flash = document.createElement("div");
    flash.id = "flash";
    flash.className = "flash bad";
    flash.setAttribute("role", "alert");
    flash.append(Object.assign(document.createElement("span"), { textContent: words }));
    const former = document.getElementById("flash");
    if (former) former.replaceWith(flash);
    else document.querySelector("#main > .head").after(flash);
    flash.scrollIntoView({ block: "nearest" });
  });

  // Every swap passes here, also the answer to a form.
  document.addEventListener("htmx:afterSwap", event => {
    reopen(document);
    watch();
    const flash = document.getElementById("flash");
    if (flash && event.detail && event.detail.xhr) document.getElementById("main").focus({ preventScroll: true });
  });
  document.addEventListener("htmx:sendError", () => say("off", "The server does not answer"));

  // A browser has few connections to a server: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      disconnect();
      if (document.querySelector("[data-live]")) say("off", "Paused");
    } else {
      connect();
    }
  });
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", () => { if (!document.hidden) connect(); });

  // Ticking the box in a list's head ticks the list, whose boxes name their form from outside it.
  document.addEventListener("change", event => {
    if (!event.target.matches("[data-all]") || !event.target.form) return;
    for (const box of event.target.form.elements) {
      if (box.name === "job") box.checked = event.target.checked;
    }
  });

  const current = document.querySelector(".rail nav [aria-current]");
  if (current && current.parentNode.scrollWidth > current.parentNode.clientWidth) {
    current.parentNode.scrollLeft = current.offsetLeft - 40;
  }
  watch();
  connect();
})();
