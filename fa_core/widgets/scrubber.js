// A play button and a slider that move through recorded steps.

import { element, prefersStillness } from "./dom.js";

/**
 * `show(index, playing)` draws one recorded step; `commit(index)` hears where the reader stops.
 * Playing ends when the signal aborts.
 * `go(index)` moves there; `say(text, spoken)` sets the words beside the slider and its value for
 * screen readers.
 */
export function makeScrubber(label, count, signal, show, commit = () => {}) {
  const last = count - 1;
  const play = element("button", { type: "button", class: "wd-button wd-main" }, "▶ Play");
  const slider = element("input", {
    type: "range",
    class: "wd-slider",
    min: 0,
    max: last,
    step: 1,
    value: 0,
    "aria-label": label,
  });
  const place = element("output", { class: "wd-number" });
  let timer = null;

  function go(index) {
    slider.value = index;
    show(index, timer !== null);
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }

  function stopAt(index) {
    pause();
    go(index);
    commit(index);
  }

  play.addEventListener("click", () => {
    const now = Number(slider.value);
    if (timer !== null) {
      stopAt(now);
      return;
    }
    play.textContent = "❚❚ Pause";
    timer = setInterval(
      () => {
        const next = Number(slider.value) + 1;
        if (next < last) go(next);
        else stopAt(last);
      },
      prefersStillness() ? 1000 : 5000 / last,
    );
    go(now === last ? 0 : now);
  });
  slider.addEventListener("input", () => stopAt(Number(slider.value)));
  signal.addEventListener("abort", pause);
  return {
    bar: element("div", { class: "wd-bar" }, play, slider, place),
    go,
    say(text, spoken = text) {
      place.textContent = text;
      slider.setAttribute("aria-valuetext", spoken);
    },
  };
}
