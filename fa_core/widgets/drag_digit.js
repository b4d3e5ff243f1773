// Chapter 4: move, turn and scale a digit and watch trained networks read it.

import { unpack } from "./arrays.js";
import { drawBars, drawGrey, makeCanvas } from "./canvas.js";
import { dial, element, panel } from "./dom.js";
import { Network } from "./engine.js";
import { transformImage } from "./transform.js";

const COLOURS = ["fa", "noise", "bp"];
const UNMOVED = { degrees: 0, scale: 1, right: 0, down: 0 };

function readNetworks(model) {
  return model.get("networks").map(({ name, layers }, i) => {
    const weights = layers.map(({ weight }) => unpack(weight));
    const sizes = [weights[0].shape[1], ...weights.map(({ shape }) => shape[0])];
    const network = new Network(sizes, "bp");
    network.layers.forEach((layer, l) => {
      layer.weight.set(weights[l].values);
      layer.bias.set(unpack(layers[l].bias).values);
    });
    return { name, colour: COLOURS[i], network };
  });
}

export function render({ model, el }) {
  const closing = new AbortController();
  const { shape, values: pixels } = unpack(model.get("images"));
  const [count, height, width] = shape;
  const [labels, mean, std] = ["labels", "mean", "std"].map((name) => model.get(name));
  const readers = readNetworks(model);
  const moved = new Float64Array(height * width);
  const x = new Float64Array(height * width);
  const white = pixels.reduce((top, pixel) => Math.max(top, pixel), 1);
  let [index, pose] = [0, { ...UNMOVED }];

  const digit = makeCanvas("wd-canvas wd-square wd-drag", "", (context, across, tall, colours) => {
    const side = Math.min(across, tall);
    context.translate((across - side) / 2, (tall - side) / 2);
    drawGrey(context, side, side, colours, { values: moved, rows: height, cols: width, white });
  }, closing.signal);
  const parts = readers.map((reader) => {
    const title = element("div", { class: "wd-title" });
    const bars = makeCanvas("wd-canvas wd-short", "", (context, across, tall, colours) => {
      const reference = { value: 1 / reader.readout.length, text: "1/K" };
      const colour = colours[reader.colour];
      drawBars(context, across, tall, colours, { values: reader.readout, top: 1, colour, reference });
    }, closing.signal);
    return { reader, title, bars, box: element("div", {}, title, bars.canvas) };
  });
  const status = element("p", { class: "wd-status", "aria-live": "polite" });

  function update() {
    const image = pixels.subarray(index * moved.length, (index + 1) * moved.length);
    transformImage(moved, image, height, width, pose);
    for (let i = 0; i < x.length; i++) x[i] = (moved[i] - mean) / std;
    const answers = parts.map(({ reader, title, bars }) => {
      reader.readout = Array.from(reader.network.forward(x, 1));
      const answer = reader.readout.indexOf(Math.max(...reader.readout));
      const sure = `${(100 * reader.readout[answer]).toFixed(1)} %`;
      const right = answer === labels[index];
      title.textContent = `${reader.name}: ${answer}, ${sure} ${right ? "✓" : "✗"}`;
      bars.describe(`${reader.name}: ${reader.readout.map((p, k) => `${k} ${p.toFixed(3)}`).join(", ")}.`);
      bars.redraw();
      return `${reader.name} reads ${answer} (${sure})${right ? "" : ", wrong"}`;
    });
    status.textContent = `A ${labels[index]}: ${answers.join("; ")}.`;
    digit.describe(
      `The digit ${labels[index]}, turned ${pose.degrees}°, scaled ${pose.scale}, shifted ` +
        `${pose.right.toFixed(1)} right and ${pose.down.toFixed(1)} down.`,
    );
    digit.redraw();
  }

  const dials = {};
  const addDial = (name, label, low, high, step, say) => {
    const made = dial(label, low, high, step, pose[name], (value) => move({ [name]: value }));
    dials[name] = { ...made, show: () => { made.input.value = pose[name]; made.say(say(pose[name])); } };
    return made.row;
  };
  const pixelText = (value) => `${value.toFixed(1)} px`;
  const rows = [
    addDial("degrees", "Turn", -90, 90, 1, (value) => `${value}°`),
    addDial("scale", "Scale", 0.5, 2, 0.05, (value) => `× ${value.toFixed(2)}`),
    addDial("right", "Shift right", -width / 2, width / 2, 0.1, pixelText),
    addDial("down", "Shift down", -height / 2, height / 2, 0.1, pixelText),
  ];

  function move(change) {
    pose = { ...pose, ...change };
    for (const { show } of Object.values(dials)) show();
    update();
  }

  const clamp = (value, most) => Math.max(-most, Math.min(most, value));
  let grip = null;
  digit.canvas.addEventListener("pointerdown", (event) => {
    digit.canvas.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, right: pose.right, down: pose.down };
  });
  digit.canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const side = Math.min(digit.canvas.clientWidth, digit.canvas.clientHeight);
    move({
      right: clamp(grip.right + ((event.clientX - grip.x) * width) / side, width / 2),
      down: clamp(grip.down + ((event.clientY - grip.y) * height) / side, height / 2),
    });
  });
  for (const end of ["pointerup", "pointercancel"]) {
    digit.canvas.addEventListener(end, () => (grip = null));
  }

  const button = (text, task) => {
    const made = element("button", { type: "button", class: "wd-button" }, text);
    made.addEventListener("click", task);
    return made;
  };
  const turnTo = (next) => {
    index = (next + count) % count;
    update();
  };

  el.classList.add("wd-widget", "wd-rows");
  el.append(
    element(
      "div",
      { class: "wd-bar" },
      button("‹ Previous digit", () => turnTo(index - 1)),
      button("Next digit ›", () => turnTo(index + 1)),
      button("Put it back", () => move(UNMOVED)),
    ),
    element(
      "div",
      { class: "wd-columns" },
      element("div", { class: "wd-stack" }, panel("Drag the digit", digit.canvas), ...rows),
      element("div", { class: "wd-stack" }, ...parts.map(({ box }) => box)),
    ),
    status,
  );
  move({});
  return () => closing.abort();
}

export default { render };
