// A step that the reader points at: all charts mark it and tell their values there.

import { element, whole } from "./dom.js";

const GAP = 14; // px between two values written below each other

/**
 * `step` is the one pointed at, or null: then the latest is shown. `follow(canvas, axes)` listens to
 * a chart whose axes drawLines returned; the slider does the same from the keyboard. `onChange()`
 * hears of a new step.
 */
export function makeCrosshair(onChange, signal) {
  let steps = [];
  const slider = element("input", { type: "range", class: "wd-slider", min: 0, max: 0, step: 1 });
  const output = element("output", { class: "wd-number" });
  const row = element("label", { class: "wd-dialrow" }, element("span", {}, "Step shown"), slider, output);

  function say() {
    const { step } = crosshair;
    slider.max = Math.max(0, steps.length - 1);
    slider.value = step === null ? slider.max : steps.indexOf(step);
    const text = step === null ? "the latest" : step < 0 ? `noise ${whole(-step)} to go` : `data ${whole(step)}`;
    output.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }

  function point(step) {
    if (step === crosshair.step) return;
    crosshair.step = step;
    onChange();
  }

  const crosshair = {
    step: null,
    row,
    /** The steps that there are now. */
    update(next) {
      steps = next;
      if (!steps.includes(crosshair.step)) crosshair.step = null;
      say();
    },
    follow(canvas, axes) {
      const listen = (event) => {
        const wanted = axes()?.step(event.offsetX);
        if (wanted === undefined || steps.length === 0) return;
        const away = steps.map((step) => Math.abs(step - wanted));
        point(steps[away.indexOf(Math.min(...away))]);
      };
      canvas.addEventListener("pointermove", listen, { signal });
      canvas.addEventListener("pointerdown", listen, { signal });
      canvas.addEventListener("pointerleave", () => point(null), { signal });
    },
  };
  slider.addEventListener("input", () => {
    const last = slider.value === slider.max;
    point(last ? null : steps[slider.value]);
  });
  return crosshair;
}

/** An upright line at `step` with a dot and a text for each of `marks`: [{y, colour, text}]. */
export function drawCrosshair(context, width, colours, axes, step, marks) {
  const x = axes.across(step);
  context.strokeStyle = colours.soft;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, axes.top);
  context.lineTo(x, axes.bottom);
  context.stroke();
  const right = x < width * 0.6;
  context.textAlign = right ? "left" : "right";
  context.textBaseline = "middle";
  let lowest = -Infinity;
  const placed = marks
    .filter(({ y }) => Number.isFinite(y))
    .map((mark) => ({ ...mark, level: Math.min(Math.max(axes.down(mark.y), axes.top), axes.bottom) }))
    .sort((one, other) => one.level - other.level)
    .map((mark) => ({ ...mark, at: (lowest = Math.max(mark.level, lowest + GAP)) }));
  const over = Math.max(0, lowest - axes.bottom); // the texts move up where they would leave the chart
  for (const { level, at, colour, text } of placed) {
    context.fillStyle = colour;
    context.beginPath();
    context.arc(x, level, 4, 0, 2 * Math.PI);
    context.fill();
    context.lineWidth = 4;
    context.strokeStyle = colours.paper;
    context.fillStyle = colours.ink;
    const start = x + (right ? 9 : -9);
    context.strokeText(text, start, at - over);
    context.fillText(text, start, at - over);
  }
}
