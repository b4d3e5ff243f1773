// Chapter 5: adapt to a task from several amounts of noise training.

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { COLOURS, DASHES, choice, element, makeStatus, makeTable, named, openWidget, panel, sourceLine, whole } from "./dom.js";
import { widened } from "./recorded.js";
import { makeScrubber } from "./scrubber.js";

/** The curves [i] of length `count` of a packed array, row by row. */
function readCurves(packed, count) {
  const { values } = unpack(packed);
  return Array.from({ length: values.length / count }, (_, i) => Array.from(values.subarray(i * count, (i + 1) * count)));
}

/** Curves added point by point. */
const total = (curves) => curves[0].map((_, t) => curves.reduce((sum, curve) => sum + curve[t], 0));

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const [amounts, steps, tasks] = ["noise_steps", "steps", "tasks"].map((name) => model.get(name));
  const [count, last] = [steps.length, steps.length - 1];
  // Everything is kept by task; behind the tasks comes their sum, the meta-loss.
  const withSum = (byTask) => [...byTask, byTask[0].map((_, m) => total(byTask.map((curves) => curves[m])))];
  const noisy = withSum(model.get("losses").map((packed) => readCurves(packed, count)));
  const others = model.get("others").map(({ name, losses }, i) => ({
    name,
    colour: COLOURS[2 + i],
    curves: withSum(readCurves(losses, count).map((curve) => [curve])).map(([curve]) => curve),
  }));
  const names = [...tasks, "all tasks: the meta-loss"];
  const change = tasks.map((_, i) => Math.abs(noisy[i][amounts.indexOf(model.get("start"))][last] - noisy[i][0][last]));
  let task = change.indexOf(Math.max(...change));
  let now = amounts.indexOf(model.get("start"));

  /** FA without noise, after the noise chosen, and the other starts, on the task chosen. */
  const starts = () => [
    { name: "FA", colour: COLOURS[0], curve: noisy[task][0] },
    { name: "noise then FA", colour: COLOURS[1], curve: noisy[task][now] },
    ...others.map(({ name, colour, curves }) => ({ name, colour, curve: curves[task] })),
  ];
  const range = () => widened([...noisy[task].flat(), ...others.flatMap(({ curves }) => curves[task])]);
  const ends = () => noisy[task].map((curve) => curve[last]);

  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const line = ({ name, colour, curve }) => ({ x: steps, y: curve, colour: colours[colour], dash: DASHES[colour], label: name });
    drawLines(context, width, height, colours, { series: starts().map(line), x: [steps[0], steps[last]], y: range() });
  }, closing.signal);
  const summary = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const span = [amounts[0], amounts[amounts.length - 1]];
    const level = ({ name, colour, curve }) => {
      const y = [curve[last], curve[last]];
      return { x: span, y, colour: colours[colour], dash: DASHES[colour] ?? [2, 4], width: 1.5, label: name };
    };
    const [plain, , ...rest] = starts();
    const noise = { x: amounts, y: ends(), colour: colours.noise, label: "noise then FA" };
    drawLines(context, width, height, colours, {
      series: [level(plain), ...rest.map(level), noise],
      x: span,
      y: widened([...ends(), ...rest.map(({ curve }) => curve[last])]),
      markers: amounts.map((x, m) => ({ x, y: ends()[m], colour: colours.noise, radius: m === now ? 6 : 3 })),
    });
  }, closing.signal);
  const picker = choice("Task", names.map((name, i) => [i, name]));
  picker.select.value = task;
  const { box: table, fill } = makeTable("Test loss (nats), mean over networks", ["Start", "Before", "After", "Less than FA by"]);
  const status = makeStatus();

  const scrubber = makeScrubber("Amount of noise training", amounts.length, closing.signal, (index, playing) => {
    now = index;
    const amount = `${whole(amounts[now])} noise steps`;
    scrubber.say(amount);
    const plain = noisy[task][0][last];
    fill(
      starts().map(({ name, colour, curve }) => [
        named(colour, name),
        curve[0].toFixed(3),
        curve[last].toFixed(3),
        (plain - curve[last]).toFixed(3),
      ]),
    );
    const words = starts().map(({ name, curve }) => `${name} ${curve[last].toFixed(3)}`).join(", ");
    status.say(`${names[task]}, loss after ${amount} and ${whole(steps[last])} steps of adaptation: ${words}.`, playing);
    figure.describe(`Loss on ${names[task]} over adaptation steps; at the end: ${words}.`);
    summary.describe(`Loss after adaptation over noise steps; at ${amount}: ${words}.`);
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
      panel("Test loss while adapting, by adaptation steps", figure.canvas),
      panel("Test loss after adapting, by noise steps", summary.canvas),
    ),
    table,
    status.line,
    ...sourceLine(model),
  );
  scrubber.go(now);
  return () => closing.abort();
}

export default { render };
