// The laboratory's controls: a box for each setting and, beside a number's, a slider.

import { element } from "./dom.js";
import { clamp, first, scaleOf } from "./settings.js";

const ARROWS = { ArrowUp: 1, ArrowDown: -1 };

/** A number's box and slider. `choose(value)` hears what either says; `show(value)` sets both. */
function buildNumber(control, choose) {
  const { label, low, high } = control;
  const scale = scaleOf(control);
  const box = element("input", { type: "number", inputmode: "decimal", min: low, max: high, step: "any" });
  const slider = element("input", {
    type: "range",
    class: "wd-slider",
    min: scale.low,
    max: scale.high,
    step: scale.step,
    "aria-label": label,
  });
  const slide = (value) => {
    slider.value = scale.place(Number(value));
    slider.setAttribute("aria-valuetext", value);
  };
  box.addEventListener("change", () => choose(box.value));
  // The browser's own arrows add 1, whatever the scale.
  box.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    const place = Math.round(scale.place(Number(box.value)) / scale.step + ARROWS[event.key]) * scale.step;
    choose(scale.value(Math.min(Math.max(place, scale.low), scale.high)));
  });
  slider.addEventListener("input", () => {
    box.value = scale.value(Number(slider.value));
    slider.setAttribute("aria-valuetext", box.value);
  });
  slider.addEventListener("change", () => choose(scale.value(Number(slider.value))));
  return {
    input: box,
    parts: control.slider ? [slider, box] : [box],
    show(value) {
      box.value = value;
      slide(value);
    },
  };
}

function buildChoice({ choices }, choose) {
  const options = Object.entries(choices).map(([value, text]) => element("option", { value }, text));
  const input = element("select", {}, ...options);
  input.addEventListener("change", () => choose(input.value));
  return { input, parts: [input], show: (value) => (input.value = value) };
}

/**
 * The controls in their groups, which fold. `onChange(name, value, note)` hears a checked value;
 * `show(settings)` sets all of them.
 */
export function buildControls(controls, onChange) {
  const shows = {};
  let optimiser;
  const groups = new Map();
  for (const control of controls) {
    const { name, label, group, note } = control;
    const build = control.choices ? buildChoice : buildNumber;
    const { input, parts, show } = build(control, (given) => {
      const { value, note } = clamp(control, given, first(control, optimiser));
      show(value);
      onChange(name, value, note);
    });
    shows[name] = show;
    input.name = name;
    input.id = `wd-${Math.random().toString(36).slice(2)}`; // a page may hold two laboratories
    const box = element(
      "div",
      { class: "wd-control" },
      element("label", { for: input.id }, label),
      element("div", { class: "wd-inputs" }, ...parts),
    );
    if (note) {
      input.setAttribute("aria-describedby", `${input.id}-note`);
      box.append(element("p", { class: "wd-note", id: `${input.id}-note` }, note));
    }
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(box);
  }
  return {
    groups: [...groups].map(([group, boxes]) =>
      element("details", { class: "wd-group", open: true }, element("summary", {}, group), ...boxes),
    ),
    show(settings) {
      optimiser = settings.optimiser;
      for (const [name, show] of Object.entries(shows)) show(settings[name]);
    },
  };
}
