// Keys: ? says which there are, / searches jobs, and g with a letter goes to a room. A person who speaks to the
// computer, or whose other programs need the keys, turns them off; the browser remembers that.
(() => {
  "use strict";
  const dialog = document.getElementById("shortcuts");
  const place = document.querySelector("[data-shortcuts]");
  const on = dialog && dialog.querySelector("[data-shortcuts-on]");
  if (!dialog || !place || !on) return;
  const OFF = "tidemill.keys.off";
  const WAIT = 1500;
  let pressed = 0;

  function remembered() {
    try {
      return localStorage.getItem(OFF) !== null;
    } catch {
      return false;
    }
  }

  on.checked = !remembered();
  on.addEventListener("change", () => {
    try {
      if (on.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "yes");
    } catch {
      // A browser that keeps nothing: it holds for this page.
    }
  });

  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => dialog.showModal());

  function typing(target) {
    return target.isContentEditable || target.matches("input, select, textarea");
  }

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !on.checked || dialog.open
        || typing(event.target)) {
      return;
    }
    const afterG = performance.now() - pressed < WAIT;
    pressed = 0;
    if (event.key === "?") {
      dialog.showModal();
    } else if (event.key === "/") {
      const field = document.querySelector("main [data-search]");
      if (field) field.focus();
      else location.assign("/jobs");
    } else if (event.key === "g" && !afterG) {
      pressed = performance.now();
      return;
    } else if (afterG) {
      const room = [...document.querySelectorAll(".rail [data-letter]")].find(one => one.dataset.letter === event.key);
      if (!room) return;
      location.assign(room.href);
    } else {
      return;
    }
    event.preventDefault();
  });
})();
