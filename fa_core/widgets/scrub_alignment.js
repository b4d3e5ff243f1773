// Chapter 1: scrub through noise training; W2 turns towards B2.

import { drawAngleDial } from "./angle_dial.js";
import { unpack } from "./arrays.js";
import { drawBars, drawLines, drawScatter, makeCanvas } from "./canvas.js";
import { element, makeStatus, openWidget, panel, whole } from "./dom.js";
import { angle } from "./matrix.js";
import { makeScrubber } from "./scrubber.js";

const W2 = "W₂";
const B2 = "B₂";

/** What the model's traits say, unpacked, with the angle recomputed from the weights. */
function readRun(model) {
  const weights = unpack(model.get("weights"));
  const feedback = unpack(model.get("feedback")).values;
  const size = feedback.length;
  const steps = model.get("steps");
  const forward = steps.map((_, t) => weights.values.subarray(t * size, (t + 1) * size));
  const squares = feedback.reduce((sum, b) => sum + b * b, 0);
  return {
    steps,
    feedback,
    forward,
    angles: model.get("angles"),
    losses: model.get("losses"),
    readout: model.get("readout"),
    classes: weights.shape[1],
    shownAngle: forward.map((w) => angle(w, feedback)),
    // The line through the cloud: least squares of W on B, through the origin.
    slope: forward.map((w) => w.reduce((sum, value, i) => sum + value * feedback[i], 0) / squares),
    reach: 1.02 * weights.values.reduce((top, w) => Math.max(top, Math.abs(w)), Math.max(...feedback)),
  };
}

/** A range that holds all values and a level line, with room for the line's text. */
function rangeOf(values, level) {
  const [low, high] = [Math.min(level, ...values), Math.max(level, ...values)];
  const room = 0.06 * (high - low || 1);
  const side = level - low < high - level ? [4, 1] : [1, 4];
  return [low - side[0] * room, high + side[1] * room];
}

export function render({ model, el }) {
  const closing = openWidget(el);
  const run = readRun(model);
  const last = run.steps.length - 1;
  const span = [run.steps[0], run.steps[last]];
  const angleRange = rangeOf(run.angles, 90);
  const lossRange = rangeOf(run.losses, Math.log(run.classes));
  const chance = 1 / run.classes;
  const mostReadout = Math.max(2 * chance, ...run.readout.flat()) * 1.05;
  let now = model.get("index");

  const make = (name, label, draw) => makeCanvas(`wd-canvas ${name}`, label, draw, closing.signal);
  const scatter = make("wd-square", "", (context, width, height, colours) => {
    const { cx, cy, unit } = drawScatter(context, width, height, colours, {
      across: run.feedback,
      up: run.forward[now],
      reach: run.reach,
      colour: colours.noise,
      names: [B2, W2],
    });
    const half = 0.9 * run.reach * unit;
    const rise = run.slope[now];
    const length = half / Math.hypot(1, rise);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(cx - length, cy + length * rise);
    context.lineTo(cx + length, cy - length * rise);
    context.stroke();
  });
  const dial = make("wd-dial", "", (context, width, height, colours) =>
    drawAngleDial(context, width, height, colours, run.shownAngle[now]),
  );
  const curve = (values, y, reference, shown) => (context, width, height, colours) =>
    drawLines(context, width, height, colours, {
      series: [{ x: run.steps, y: values, colour: colours.noise }],
      x: span,
      y,
      reference,
      markers: [{ x: run.steps[now], y: shown[now], colour: colours.ink }],
    });
  const angles = make(
    "wd-short",
    "",
    curve(run.angles, angleRange, { value: 90, text: "90°: unrelated" }, run.shownAngle),
  );
  const losses = make(
    "wd-short",
    "",
    curve(
      run.losses,
      lossRange,
      { value: Math.log(run.classes), text: "log K: chance", below: true },
      run.losses,
    ),
  );
  const bars = make("wd-short", "", (context, width, height, colours) =>
    drawBars(context, width, height, colours, {
      values: run.readout[now],
      top: mostReadout,
      colour: colours.noise,
      reference: { value: chance, text: "1/K" },
    }),
  );

  const big = element("div", { class: "wd-big" });
  const bigNote = element("div", { class: "wd-note" });
  const status = makeStatus();

  function show(index, playing) {
    now = index;
    const degrees = run.shownAngle[now].toFixed(1);
    const step = whole(run.steps[now]);
    const readout = run.readout[now];
    scrubber.say(`step ${step} of ${whole(span[1])}`, `step ${step}, angle ${degrees} degrees`);
    big.textContent = `${degrees}°`;
    bigNote.textContent = `between ${W2} and ${B2}`;
    const [least, most] = [Math.min(...readout), Math.max(...readout)].map((p) => p.toFixed(3));
    status.say(
      `After ${step} noise steps the angle is ${degrees}°, the loss ${run.losses[now].toFixed(3)} ` +
        `(chance: ${Math.log(run.classes).toFixed(3)}), and the mean readouts lie between ${least} ` +
        `and ${most} (1/K = ${+chance.toPrecision(3)}).`,
      playing,
    );
    scatter.describe(
      `Scatter of ${run.feedback.length} weights, ${B2} across and ${W2} up; the fitted line has ` +
        `slope ${run.slope[now].toFixed(2)}.`,
    );
    dial.describe(`Two arrows, ${B2} and ${W2}, ${degrees} degrees apart.`);
    angles.describe(`Angle over noise steps; now ${degrees} degrees.`);
    losses.describe(`Loss over noise steps; now ${run.losses[now].toFixed(3)}.`);
    bars.describe(`Mean readout of each class: ${readout.map((p) => p.toFixed(3)).join(", ")}.`);
    for (const figure of [scatter, dial, angles, losses, bars]) figure.redraw();
  }

  const scrubber = makeScrubber("Step of noise training", run.steps.length, closing.signal, show, (index) => {
    model.set("index", index);
    model.save_changes();
  });
  const follow = () => model.get("index") !== now && scrubber.go(model.get("index"));
  model.on("change:index", follow);

  el.append(
    scrubber.bar,
    element(
      "div",
      { class: "wd-columns" },
      element(
        "div",
        { class: "wd-stack" },
        panel(`Each dot is one weight: ${W2} against ${B2}`, scatter.canvas),
        element("div", { class: "wd-lead" }, dial.canvas, element("div", {}, big, bigNote)),
      ),
      element(
        "div",
        { class: "wd-stack" },
        panel("Angle (degrees) over noise steps", angles.canvas),
        panel("Loss (nats) over noise steps", losses.canvas),
        panel("Mean readout probability of each class", bars.canvas),
      ),
    ),
    status.line,
  );
  scrubber.go(now);
  return () => {
    model.off("change:index", follow);
    closing.abort();
  };
}

export default { render };
