// Chapter 2: the race. How many steps does each rule need to reach an accuracy, and what becomes
// of the lead when the noise steps are counted too?

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { COLOURS, DASHES, dial, element, makeStatus, makeTable, named, openWidget, sourceLine, whole } from "./dom.js";
import { firstAbove, interpolate, median, upTo } from "./recorded.js";
import { makeScrubber } from "./scrubber.js";

const MOMENTS = 100; // that the slider divides the race into

/** One accuracy curve a network. */
function readPhase({ steps, accuracy }) {
  const { shape, values } = unpack(accuracy);
  const networks = Array.from({ length: shape[0] }, (_, n) => values.subarray(n * steps.length, (n + 1) * steps.length));
  return { steps, networks };
}

/** The curves of a runner over the steps that count, and their mean. */
function makeTrack(data, noise) {
  const before = noise ? noise.steps.slice(0, -1) : []; // the last is step 0 of the data
  const late = noise ? noise.steps[noise.steps.length - 1] : 0;
  const x = [...before, ...data.steps.map((step) => step + late)];
  const networks = data.networks.map((curve, n) =>
    noise ? [...noise.networks[n].subarray(0, before.length), ...curve] : curve,
  );
  const mean = x.map((_, t) => networks.reduce((sum, curve) => sum + curve[t], 0) / networks.length);
  return { x, networks, mean, end: x[x.length - 1] };
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const runners = model.get("runners").map(({ name, data, noise }, r) => {
    const [learning, before] = [readPhase(data), noise && readPhase(noise)];
    const tracks = { false: makeTrack(learning), true: makeTrack(learning, before) };
    return { name, colour: COLOURS[r], late: before ? before.steps[before.steps.length - 1] : 0, tracks };
  });
  const noiseSteps = Math.max(...runners.map(({ late }) => late));
  let [moment, level, counting] = [0, 0.9, false];
  const tracks = () => runners.map((runner) => ({ ...runner, ...runner.tracks[counting] }));
  /** The race ends a little after half the networks of every runner are there, if they ever are. */
  const finish = () => {
    const longest = Math.max(...tracks().map(({ end }) => end));
    const arrivals = tracks().map(({ x, networks }) => median(networks.map((curve) => firstAbove(x, curve, level))));
    return Math.min(longest, Math.ceil(1.15 * Math.max(...arrivals)) || longest);
  };
  const now = () => Math.round((finish() * moment) / MOMENTS);

  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const [time, end] = [now(), finish()];
    const series = tracks().flatMap(({ name, colour, x, networks, mean }) => {
      const look = { colour: colours[colour], dash: DASHES[colour] };
      return [
        ...networks.map((y) => ({ x, y, colour: look.colour, width: 1, alpha: 0.13 })),
        { ...upTo(x, mean, end), ...look, width: 1.5, alpha: 0.5, label: name },
        { ...upTo(x, mean, time), ...look, width: 3 },
      ];
    });
    drawLines(context, width, height, colours, {
      series,
      x: [0, end],
      y: [0, 1.02],
      divide: counting && noiseSteps > 0 ? { value: noiseSteps, texts: ["noise", "data"] } : null,
      reference: { value: level, text: `${Math.round(100 * level)} %`, left: true },
      markers: tracks().map(({ colour, x, mean }) => ({
        x: Math.min(time, x[x.length - 1]),
        y: interpolate(x, mean, time),
        colour: colours[colour],
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
    const time = now();
    const counted = counting ? "counted" : "not counted";
    const step = counting ? `step ${whole(time)}` : `data step ${whole(time)}`;
    scrubber.say(step);
    const rows = tracks().map(({ name, colour, x, networks, mean, end }) => {
      const arrivals = networks.map((curve) => firstAbove(x, curve, level));
      const middle = median(arrivals);
      return {
        name,
        colour,
        accuracy: percent(interpolate(x, mean, time)) + (time > end ? ` at ${whole(end)}` : ""),
        middle: Number.isFinite(middle) ? whole(middle) : `not within ${whole(end)}`,
        arrived: `${arrivals.filter(Number.isFinite).length} of ${networks.length}`,
      };
    });
    fill(rows.map(({ name, colour, accuracy, middle, arrived }) => [named(colour, name), accuracy, middle, arrived]));
    const arrivals = rows.map(({ name, middle }) => `${name} ${middle.startsWith("not") ? "" : "after "}${middle}`);
    status.say(
      `${Math.round(100 * level)} % is reached (median, noise steps ${counted}): ${arrivals.join("; ")}.`,
      playing,
    );
    figure.describe(
      `Test accuracy over steps, noise steps ${counted}. At ${step}: ` +
        `${rows.map(({ name, accuracy }) => `${name} ${accuracy}`).join(", ")}.`,
    );
    figure.redraw();
  }

  const scrubber = makeScrubber("Step", MOMENTS + 1, closing.signal, (index, playing) => {
    moment = index;
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
    element("p", { class: "wd-note" }, "Test accuracy over steps: one thin line a network, the thick line their mean, drawn on as the race is run."),
    levelDial.row,
    element("label", { class: "wd-check" }, count, "Count the noise steps too"),
    table,
    status.line,
    ...sourceLine(model),
  );
  scrubber.go(0);
  return () => closing.abort();
}

export default { render };
