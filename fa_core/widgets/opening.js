// The first page's figure: on noise W2 turns towards B2, then three networks race on digits.

import { drawAngleDial } from "./angle_dial.js";
import { unpack } from "./arrays.js";
import { drawLines, drawScatter, makeCanvas } from "./canvas.js";
import { DASHES, element, makeStatus, named, openWidget, prefersStillness, whole } from "./dom.js";
import { NO_WORKER, startWorker } from "./start_worker.js";
import workerText from "./opening_worker.js?text";

const RULES = { fa: "FA", noise: "noise then FA", bp: "BP" }; // the ways of learning in the film, by colour
const WAYS = Object.keys(RULES);
const SECONDS = 4; // that each phase plays, however fast it trained
const LEVEL = 0.8; // test accuracy whose steps the last line tells

const percent = (share) => `${Math.round(100 * share)} %`;

/** Of the line through the cloud: least squares of W on B, through the origin. */
function slope(weight, feedback) {
  const along = feedback.reduce((sum, b, i) => sum + b * weight[i], 0);
  return along / feedback.reduce((sum, b) => sum + b * b, 0);
}

/** What stands between two frames at this step: weights, angle and accuracies, linear in the step. */
function between(frames, step) {
  const next = frames.findIndex((frame) => frame.step >= step);
  const [a, b] = [frames[Math.max(next - 1, 0)], frames[next]];
  const share = a === b ? 0 : (step - a.step) / (b.step - a.step);
  const mix = (from, to) => from + share * (to - from);
  const accuracy = Object.entries(a.accuracy).map(([name, value]) => [name, mix(value, b.accuracy[name])]);
  return {
    step,
    angle: mix(a.angle, b.angle),
    weight: a.weight.map((w, i) => mix(w, b.weight[i])),
    accuracy: Object.fromEntries(accuracy),
  };
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-opening");
  const settings = model.get("settings");
  const frames = [];
  let [now, before, reach] = [-settings.noise, 0, 1];
  let waiting = prefersStillness(); // for the end, before which nothing is shown
  let playing = !waiting;

  const make = (name, draw) => makeCanvas(`wd-canvas ${name}`, "Nothing is drawn yet.", (context, width, height, colours) => {
    if (frames.length > 0 && !waiting) draw(context, width, height, colours, between(frames, now));
  }, closing.signal);

  const cloud = make("wd-cloud", (context, width, height, colours, { weight }) => {
    const { feedback } = frames[0];
    const { cx, cy, unit } = drawScatter(context, width, height, colours, { across: feedback, up: weight, reach, colour: colours.noise, names: ["B₂", "W₂"] });
    const rise = slope(weight, feedback);
    const half = (reach * unit) / Math.hypot(1, rise);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(cx - half, cy + half * rise);
    context.lineTo(cx + half, cy - half * rise);
    context.stroke();
  });

  const dial = make("wd-angle", (context, width, height, colours, { angle }) =>
    drawAngleDial(context, width, height, colours, angle));

  const race = make("wd-race", (context, width, height, colours, shown) => {
    const seen = [...frames.filter(({ step }) => step < now), shown];
    const series = WAYS.map((name) => {
      const told = seen.filter(({ accuracy }) => name in accuracy);
      return { x: told.map(({ step }) => step), y: told.map(({ accuracy }) => 100 * accuracy[name]), colour: colours[name], width: 2.5, dash: DASHES[name] };
    });
    drawLines(context, width, height, colours, {
      series,
      x: [-settings.noise, settings.data],
      y: [0, 100],
      divide: { value: 0, texts: ["noise", "digits"] },
    });
  });

  const degrees = element("div", { class: "wd-big" });
  const keys = Object.fromEntries(WAYS.map((name) => [name, element("b", {})]));
  const status = makeStatus();
  const button = element("button", { type: "button", class: "wd-button" });
  button.addEventListener("click", () => (playing ? pause() : play()));

  /** The step at which a network's accuracy is first recorded at LEVEL or above. */
  const arrival = (name) => frames.find(({ accuracy }) => accuracy[name] >= LEVEL)?.step;

  function words({ step }) {
    if (step < 0) return `Noise: step ${whole(step + settings.noise)} of ${whole(settings.noise)}. Random images, random labels.`;
    if (step < settings.data) return `Digits: step ${whole(step)} of ${whole(settings.data)}. All three learn the same images.`;
    const told = ["fa", "bp", "noise"].map((name) => `${RULES[name]} ${arrival(name) ?? "–"}`);
    return `Steps on digits to ${percent(LEVEL)}: ${told.join(", ")} – after ${whole(settings.noise)} on noise.`;
  }

  function show() {
    button.textContent = playing ? "Pause" : now < settings.data ? "Play" : "Replay";
    if (waiting) status.say("The networks train.");
    if (frames.length === 0 || waiting) return;
    const shown = between(frames, now);
    degrees.textContent = `${Math.round(shown.angle)}°`;
    for (const name of WAYS) keys[name].textContent = name in shown.accuracy ? percent(shown.accuracy[name]) : "–";
    status.say(words(shown), playing);
    cloud.describe(`Each dot is one weight of W₂ over its feedback weight in B₂: ${degrees.textContent} between the two.`);
    dial.describe(`W₂ stands at ${degrees.textContent} to B₂; it began at ${Math.round(frames[0].angle)}°.`);
    race.describe(`Test accuracy over steps: ${WAYS.map((name) => `${RULES[name]} ${keys[name].textContent}`).join(", ")}.`);
    for (const figure of [cloud, dial, race]) figure.redraw();
  }

  function advance(time) {
    if (!playing || closing.signal.aborted) return;
    const passed = Math.min(time - before, 100) / 1000; // a page that was hidden goes on where it was
    before = time;
    const rate = (now < 0 ? settings.noise : settings.data) / SECONDS;
    if (frames.length > 0) now = Math.min(now + passed * rate, frames[frames.length - 1].step);
    playing = now < settings.data;
    show();
    requestAnimationFrame(advance);
  }

  function play() {
    if (now >= settings.data) now = -settings.noise;
    [playing, waiting, before] = [true, false, performance.now()];
    requestAnimationFrame(advance);
  }

  function pause() {
    playing = false;
    show();
  }

  const title = (text) => element("div", { class: "wd-title" }, text);
  el.append(
    element(
      "div",
      { class: "wd-scenes" },
      element("div", {}, title("Weights: W₂ over B₂"), cloud.canvas),
      element("div", { class: "wd-turn" }, title("Angle"), degrees, dial.canvas),
      element("div", {}, title("Test accuracy (%) over steps"), race.canvas),
    ),
    element("div", { class: "wd-keys" }, ...WAYS.map((name) => element("span", {}, ...named(name, `${RULES[name]} `), keys[name]))),
    element("div", { class: "wd-foot" }, status.line, button),
  );

  let worker;
  try {
    worker = startWorker(workerText);
  } catch {
    button.disabled = true;
    status.say(NO_WORKER);
    return () => closing.abort();
  }
  worker.onmessage = ({ data: frame }) => {
    if (frame.failed) {
      status.say(`Training stopped: ${frame.failed}.`);
      return;
    }
    if (frames.length === 0) reach = 0.85 * Math.max(...frame.feedback.map(Math.abs)); // a few dots lie beyond
    frames.push(frame);
    if (!waiting || frame.step < settings.data) return;
    [now, waiting] = [settings.data, false];
    show();
  };
  worker.onerror = (event) => status.say(`The worker failed: ${event.message ?? "it could not start"}.`);
  worker.postMessage({
    data: { images: unpack(model.get("images")), labels: unpack(model.get("labels")), trainSize: model.get("train_size"), classes: 10 },
    rules: model.get("rules"),
    settings,
  });
  show();
  if (playing) play();
  return () => {
    worker.terminate();
    closing.abort();
  };
}

export default { render };
