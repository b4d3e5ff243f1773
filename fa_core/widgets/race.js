// Chapter 2: the race. How many steps does each rule need to reach an accuracy, and what becomes
// of the lead when the noise steps are counted too?

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { COLOURS, dial, element, makeStatus, makeTable, named, openWidget, whole } from "./dom.js";
import { makeScrubber } from "./scrubber.js";

/** Each runner with one accuracy curve a network, their mean, and the noise steps it took before. */
function readRunners(model) {
  const steps = model.get("steps");
  return model.get("names").map((name, r) => {
    const { shape, values } = unpack(model.get("accuracy")[r]);
    const networks = Array.from({ length: shape[0] }, (_, n) =>
      values.subarray(n * steps.length, (n + 1) * steps.length),
    );
    const mean = steps.map((_, t) => networks.reduce((sum, curve) => sum + curve[t], 0) / shape[0]);
    return { name, colour: COLOURS[r], networks, mean, noise: model.get("noise_steps")[r] };
  });
}

/** First recorded step at which a curve reaches a level; undefined if it never does. */
const reached = (curve, steps, level) => steps[curve.findIndex((value) => value >= level)];

/** Median over networks; undefined when half of them never arrive. */
function median(arrivals) {
  const sorted = arrivals.map((step) => step ?? Infinity).sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
  return Number.isFinite(middle) ? middle : undefined;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const steps = model.get("steps");
  const runners = readRunners(model);
  let [now, level, counting] = [steps.length - 1, 0.9, false];
  const late = (runner) => (counting ? runner.noise : 0);

  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const most = counting ? Math.max(...runners.map((runner) => runner.noise)) : 0;
    const series = runners.flatMap((runner) => {
      const x = steps.map((step) => step + late(runner));
      const colour = colours[runner.colour];
      return [
        ...runner.networks.map((y) => ({ x, y, colour, width: 1, alpha: 0.25 })),
        { x, y: runner.mean, colour, width: 2.5 },
      ];
    });
    drawLines(context, width, height, colours, {
      series,
      x: [steps[0], steps[steps.length - 1] + most],
      y: [0, 1.02],
      reference: { value: level, text: `${Math.round(100 * level)} %`, left: true },
      markers: runners.map((runner) => ({
        x: steps[now] + late(runner),
        y: runner.mean[now],
        colour: colours[runner.colour],
      })),
    });
  }, closing.signal);

  const { box: table, fill } = makeTable("Means and medians over networks", [
    "Network",
    "Accuracy now",
    "Steps to the level",
    "Networks that reach it",
  ]);
  const status = makeStatus();

  function update(playing = false) {
    const rows = runners.map((runner) => {
      const arrivals = runner.networks.map((curve) => reached(curve, steps, level));
      const arrived = arrivals.filter((step) => step !== undefined).length;
      const middle = median(arrivals);
      return { runner, arrived, middle: middle === undefined ? undefined : middle + late(runner) };
    });
    fill(
      rows.map(({ runner, arrived, middle }) => [
        named(runner.colour, runner.name),
        percent(runner.mean[now]),
        middle === undefined ? "not reached" : whole(middle),
        `${arrived} of ${runner.networks.length}`,
      ]),
    );
    const arrivals = rows.map(({ runner, middle }) =>
      middle === undefined ? `${runner.name} not at all` : `${runner.name} after ${whole(middle)}`,
    );
    const counted = counting ? "counted" : "not counted";
    status.say(
      `${Math.round(100 * level)} % is reached (median, noise steps ${counted}): ${arrivals.join("; ")}.`,
      playing,
    );
    figure.describe(
      `Test accuracy over steps. At data step ${whole(steps[now])}: ` +
        `${runners.map((runner) => `${runner.name} ${percent(runner.mean[now])}`).join(", ")}.`,
    );
    figure.redraw();
  }

  const scrubber = makeScrubber("Data step", steps.length, closing.signal, (index, playing) => {
    now = index;
    scrubber.say(`data step ${whole(steps[now])}`);
    update(playing);
  });
  const levelDial = dial("Level", 0.2, 0.99, 0.01, level, (value) => {
    level = value;
    levelDial.say(`${Math.round(100 * level)} %`);
    update();
  });
  levelDial.say("90 %");
  const count = element("input", { type: "checkbox" });
  count.addEventListener("change", () => {
    counting = count.checked;
    update();
  });

  el.append(
    scrubber.bar,
    figure.canvas,
    element("p", { class: "wd-note" }, "Test accuracy over steps: one thin line a network, the thick line their mean."),
    levelDial.row,
    element("label", { class: "wd-check" }, count, "Count the noise steps too"),
    table,
    status.line,
  );
  scrubber.go(now);
  return () => closing.abort();
}

export default { render };
