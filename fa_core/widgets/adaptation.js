// Chapter 5: adapt to a task from several amounts of noise training.

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { choice, element, makeStatus, openWidget, panel, whole } from "./dom.js";
import { makeScrubber } from "./scrubber.js";

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const [amounts, steps, tasks] = ["noise_steps", "steps", "tasks"].map((name) => model.get(name));
  // losses[task][amount] is a curve over adaptation steps.
  const losses = model.get("losses").map((packed) => {
    const { values } = unpack(packed);
    return amounts.map((_, m) => values.subarray(m * steps.length, (m + 1) * steps.length));
  });
  const last = steps.length - 1;
  const ends = losses.map((curves) => curves.map((curve) => curve[last]));
  const meta = amounts.map((_, m) => ends.reduce((sum, end) => sum + end[m], 0));
  const top = 1.05 * Math.max(...losses.flatMap((curves) => curves.flatMap((curve) => [...curve])));
  const low = Math.min(...ends.flat(), ...meta);
  const high = Math.max(...ends.flat(), ...meta);
  const room = 0.08 * (high - low || 1);
  let [task, now] = [0, 0];

  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const line = (m, colour, style) => ({ x: steps, y: losses[task][m], colour, ...style });
    drawLines(context, width, height, colours, {
      series: [
        ...amounts.map((_, m) => line(m, colours.soft, { width: 1, alpha: 0.45 })),
        line(0, colours.fa, {}),
        line(now, colours.noise, { width: 3 }),
      ],
      x: [steps[0], steps[last]],
      y: [0, top],
      markers: [{ x: steps[last], y: ends[task][now], colour: colours.noise }],
    });
  }, closing.signal);
  const summary = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    drawLines(context, width, height, colours, {
      series: [
        ...ends.map((y) => ({ x: amounts, y, colour: colours.soft, width: 1, alpha: 0.6 })),
        { x: amounts, y: ends[task], colour: colours.noise },
        { x: amounts, y: meta, colour: colours.ink, dash: [6, 4] },
      ],
      x: [amounts[0], amounts[amounts.length - 1]],
      y: [low - room, high + room],
      markers: [{ x: amounts[now], y: ends[task][now], colour: colours.noise }],
    });
  }, closing.signal);
  const picker = choice("Task", tasks.map((name, i) => [i, name]));
  const status = makeStatus();

  const scrubber = makeScrubber("Amount of noise training", amounts.length, closing.signal, (index, playing) => {
    now = index;
    const amount = `${whole(amounts[now])} noise steps`;
    const end = ends[task][now].toFixed(3);
    scrubber.say(amount);
    status.say(
      `${tasks[task]} after ${amount}: loss ${losses[task][now][0].toFixed(3)} before and ${end} after ` +
        `${whole(steps[last])} steps of adaptation (without noise ${ends[task][0].toFixed(3)}). ` +
        `Meta-loss, the sum over tasks: ${meta[now].toFixed(3)} (without noise ${meta[0].toFixed(3)}).`,
      playing,
    );
    figure.describe(`Loss on ${tasks[task]} over adaptation steps; from ${amount} it ends at ${end}.`);
    summary.describe(`Loss after adaptation over noise steps; at ${amount} it is ${end}.`);
    figure.redraw();
    summary.redraw();
  });
  picker.select.addEventListener("change", () => {
    task = Number(picker.select.value);
    scrubber.go(now);
  });

  el.append(
    element("div", { class: "wd-bar" }, picker.label),
    scrubber.bar,
    element(
      "div",
      { class: "wd-columns" },
      panel("Test loss while adapting", figure.canvas, element("p", { class: "wd-note" }, "Orange: no noise. Blue: the amount chosen. Grey: the others.")),
      panel("Test loss after adapting, by noise steps", summary.canvas, element("p", { class: "wd-note" }, "Blue: this task. Grey: the other tasks. Dashed: the meta-loss, the sum of all tasks.")),
    ),
    status.line,
  );
  scrubber.go(0);
  return () => closing.abort();
}

export default { render };
