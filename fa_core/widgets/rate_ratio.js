// Why it works: the ratio of the layers' rates decides where the angle goes under plain SGD.

import { drawLines, makeCanvas } from "./canvas.js";
import { choice, dial, element, makeStatus, makeTable, named, openWidget, whole } from "./dom.js";
import { NO_WORKER, startWorker } from "./start_worker.js";
import { Trial } from "./trial.js";
import workerText from "./rate_ratio_worker.js?text";

const ANGLES = [
  { name: "raw", text: "raw", colour: "noise" },
  { name: "centred", text: "class-centred", colour: "noisebp", dash: [6, 4] },
];
const degrees = (value) => `${value.toFixed(1)}°`;
const number = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
const rate = (value) => `${+value.toPrecision(3)}`;
const ratioText = (ratio) => (ratio < 1 ? `1/${+(1 / ratio).toFixed(3)}` : `${+ratio.toFixed(3)}`);
const log = Math.log10;

/** Lowest and highest of these angles and of 90°, with room. */
function limits(angles) {
  const [low, high] = [Math.min(70, ...angles), Math.max(92, ...angles)];
  return [low - 2, high + 2];
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  let worker;
  try {
    worker = startWorker(workerText);
  } catch {
    el.append(element("p", { role: "alert" }, NO_WORKER));
    return () => closing.abort();
  }
  const [settings, ratios] = [model.get("settings"), model.get("ratios")];
  const trials = new Map(); // those trained to the end, by ratio and labels
  let [trial, running, run, queue] = [null, false, 0, []];

  const labels = choice("Labels", [["random", "random class"], ["uniform", "all equal, 1/K"]]);
  const train = element("button", { type: "button", class: "wd-button wd-main" });
  const all = element("button", { type: "button", class: "wd-button" }, "Train every ratio");
  const slider = dial("Rate ratio", 0, ratios.length - 1, 1, ratios.indexOf(1), () => sayRatio());
  slider.input.addEventListener("change", () => begin([chosen()]));
  labels.select.addEventListener("change", () => begin([chosen()]));
  train.addEventListener("click", () => (running ? stop() : begin([chosen()])));
  all.addEventListener("click", () => begin([...ratios]));

  const chosen = () => ratios[slider.input.value];
  const key = (ratio) => `${ratio} ${labels.select.value}`;
  const tried = () => ratios.map((ratio) => trials.get(key(ratio))).filter(Boolean);

  const sayRatio = () => slider.say(ratioText(chosen()));

  const course = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const now = trial?.records.length ? trial : null;
    const series = ANGLES.flatMap(({ name, colour, dash }) => {
      if (!now) return [];
      const look = { x: now.steps, colour: colours[colour] };
      const thin = Array.from({ length: settings.networks }, (_, i) => ({ ...look, y: now.network(name, i), width: 1, alpha: 0.35 }));
      return [...thin, { ...look, y: now.mean(name), width: 2.5, dash }];
    });
    drawLines(context, width, height, colours, {
      series,
      x: [0, settings.steps],
      y: limits(series.flatMap(({ y }) => y)),
      reference: { value: 90, text: "" },
      markers: now ? ANGLES.map(({ name, colour }) => ({ x: now.lowest(name).step, y: now.lowest(name).value, colour: colours[colour] })) : [],
    });
  }, closing.signal);

  const summary = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const found = tried();
    const points = ANGLES.map(({ name, colour, dash }) => ({
      x: found.map(({ ratio }) => log(ratio)),
      y: found.map((one) => one.lowest(name).value),
      colour: colours[colour],
      dash,
    }));
    drawLines(context, width, height, colours, {
      series: points,
      x: [log(ratios[0]) - 0.1, log(ratios[ratios.length - 1]) + 0.1],
      xTicks: ratios.filter((_, i) => i % 2 === 0).map((ratio) => [log(ratio), ratioText(ratio)]),
      y: limits(points.flatMap(({ y }) => y)),
      reference: { value: 90, text: "" },
      markers: points.flatMap(({ x, y, colour }) => x.map((place, i) => ({ x: place, y: y[i], colour }))),
    });
  }, closing.signal);

  const heads = ["Ratio", "Lowest angle", "Lowest class-centred", "W₂ turned", "W₁ grew"];
  const table = makeTable("Ratios trained so far: means over networks", heads);
  const status = makeStatus();

  function show() {
    train.textContent = running ? "■ Stop" : "▶ Train";
    const at = ({ value, step }) => `${degrees(value)} at ${whole(step)}`;
    const found = tried();
    table.fill(found.map((one) => [ratioText(one.ratio), ...ANGLES.map(({ name }) => at(one.lowest(name))), number(one.last("turned")), number(one.last("grown"))]));
    const dots = found.map((one) => `${ratioText(one.ratio)}: ${ANGLES.map(({ name, text }) => `${text} ${degrees(one.lowest(name).value)}`).join(", ")}`);
    summary.describe(`Lowest angle at each ratio trained so far. ${dots.join("; ") || "None yet"}.`);
    let words = "Nothing is trained yet: move the slider, or press Train.";
    if (trial?.records.length) {
      const course = ANGLES.map(({ name, text }) => `${text} ${degrees(trial.mean(name)[0])} at first, lowest ${at(trial.lowest(name))}, now ${degrees(trial.last(name))}`);
      const step = trial.steps[trial.steps.length - 1];
      const root = Math.sqrt(trial.ratio);
      words =
        `Ratio ${ratioText(trial.ratio)}: rates ${rate(settings.rate * root)} and ${rate(settings.rate / root)}. Step ${whole(step)} of ${whole(settings.steps)}. Angle: ${course.join("; ")}. ` +
        `Ledger: W₂ turned ${number(trial.last("turned"))}, W₁ grew ${number(trial.last("grown"))}.`;
    }
    status.say(words, running);
    course.describe(`Angle between W₂ and B₂ over steps. ${words}`);
    course.redraw();
    summary.redraw();
  }

  /** Trains at these ratios in turn; what was trained before is only shown. */
  function begin(wanted) {
    queue = wanted;
    next();
  }

  function next() {
    const ratio = queue.shift();
    slider.input.value = ratios.indexOf(ratio);
    sayRatio();
    trial = trials.get(key(ratio)) ?? new Trial(ratio, labels.select.value);
    run += 1; // what an abandoned run still says is not heard
    running = !trial.done;
    if (running) worker.postMessage({ start: { ratio, labels: trial.labels }, run });
    else if (queue.length > 0) return next();
    else worker.postMessage({ stop: true });
    return show();
  }

  function stop() {
    [running, queue] = [false, []];
    run += 1;
    worker.postMessage({ stop: true });
    show();
  }

  worker.onmessage = ({ data: answer }) => {
    if (answer.run !== run) return;
    if (answer.failed) {
      stop();
      status.say(`Training stopped: ${answer.failed}.`);
      return;
    }
    trial.records.push(answer.record);
    trial.done = answer.done;
    running = !trial.done;
    if (trial.done) trials.set(key(trial.ratio), trial);
    if (trial.done && queue.length > 0) next();
    else show();
  };
  worker.onerror = (event) => status.say(`The worker failed: ${event.message ?? "it could not start"}.`);

  const keys = ANGLES.flatMap(({ text, colour }) => named(colour, `${text} `));
  el.append(
    element("div", { class: "wd-bar" }, train, all, labels.label),
    slider.row,
    element(
      "div",
      { class: "wd-pair" },
      element("div", {}, element("div", { class: "wd-title" }, "Angle between W₂ and B₂ over noise steps"), course.canvas),
      element("div", {}, element("div", { class: "wd-title" }, "Lowest angle over the rate ratio (log axis)"), summary.canvas),
    ),
    element("p", { class: "wd-note" }, ...keys, "(dashed). Thin: one line a network; thick: their mean, with its lowest point."),
    status.line,
    table.box,
    element(
      "p",
      { class: "wd-note" },
      "Rate ratio: learning rate of W₁ over that of W₂, at a fixed product. W₂ turned: ⟨B₂, W₂ − start⟩ / rate of W₂. W₁ grew: |W₁|² with its biases, beyond its random walk, / (2 × rate of W₁).",
    ),
  );
  worker.postMessage({ rule: model.get("rule"), settings });
  sayRatio();
  show();
  return () => {
    worker.terminate();
    closing.abort();
  };
}

export default { render };
