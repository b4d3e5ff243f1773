// Chapter 4: move, turn and scale a digit, and all test images with it; populations of trained
// networks read them all.

import { unpack } from "./arrays.js";
import { drawGrey, makeCanvas } from "./canvas.js";
import { COLOURS, dial, element, makeStatus, openWidget } from "./dom.js";
import { drawStroke } from "./pen.js";
import { makeMeter, Population } from "./populations.js";
import { buildReadouts } from "./readouts.js";
import { makeInverse, transformImage } from "./transform.js";

const UNMOVED = { degrees: 0, scale: 1, right: 0, down: 0 };

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const { shape, values: pixels } = unpack(model.get("images"));
  const [count, height, width] = shape;
  const [labels, mean, std] = ["labels", "mean", "std"].map((name) => model.get(name));
  const white = pixels.reduce((top, pixel) => Math.max(top, pixel), 1);
  const populations = model.get("networks").map((packed, i) => new Population(packed, COLOURS[i]));
  const readouts = buildReadouts(populations, count, model.get("quantile"), closing.signal);
  const [drawn, moved] = [0, 1].map(() => new Float64Array(height * width));
  const allMoved = new Float64Array(pixels.length);
  let [index, drawing, pose, held] = [0, false, UNMOVED, null];
  let readings = null; // of the digit shown, by population
  let [before, accuracies] = [null, null]; // by population and network: unmoved, and in this pose

  const digit = makeCanvas("wd-canvas wd-square wd-drag", "", (context, across, tall, colours) => {
    const side = Math.min(across, tall);
    context.translate((across - side) / 2, (tall - side) / 2);
    drawGrey(context, side, side, colours, { values: moved, rows: height, cols: width, white });
  }, closing.signal);
  const task = element("div", { class: "wd-title" });
  const note = element("p", { class: "wd-note" }, "Draw as large as the digits are. Without a pointer, choose a digit and move it with the sliders.");
  const status = makeStatus();

  const image = (i) => pixels.subarray(i * moved.length, (i + 1) * moved.length);
  const standardise = (values) => values.map((value) => (value - mean) / std);

  const measure = makeMeter(
    populations,
    labels,
    () => {
      for (let i = 0; i < count; i++) {
        transformImage(allMoved.subarray(i * moved.length, (i + 1) * moved.length), image(i), height, width, pose);
      }
      return standardise(allMoved);
    },
    (found, settled) => {
      before ??= found; // the first pose is the unmoved one
      accuracies = found;
      readouts.table.setAttribute("aria-busy", !settled);
      tell();
    },
    closing.signal,
  );
  /** Shows what is known of the digit, and of all test images in its pose. */
  function tell() {
    const what = drawing ? "Your drawing" : `The digit ${labels[index]}`;
    const words = readouts.show(readings, drawing ? null : labels[index], before, accuracies);
    const blank = drawing && !drawn.some((ink) => ink > 0);
    const advice = "Draw a digit with the pointer or a finger. So far, on black";
    status.say(`${blank ? advice : what}: by majority ${words}`, held !== null);
  }

  function update() {
    transformImage(moved, drawing ? drawn : image(index), height, width, pose);
    const x = standardise(moved);
    readings = populations.map((population) => population.read(x));
    tell();
    digit.describe(
      `${drawing ? "Your drawing" : `The digit ${labels[index]}`}, turned ${pose.degrees}°, scaled ${pose.scale}, ` +
        `shifted ${pose.right.toFixed(1)} right and ${pose.down.toFixed(1)} down.`,
    );
    digit.redraw();
  }

  const dials = [];
  const addDial = (name, label, low, high, step, say) => {
    const made = dial(label, low, high, step, pose[name], (value) => move({ [name]: value }));
    dials.push(() => {
      made.input.value = pose[name];
      made.say(say(pose[name]));
    });
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
    for (const show of dials) show();
    update();
    readouts.table.setAttribute("aria-busy", "true");
    measure();
  }

  /** Where on the image's grid the pointer is: [column, row]. */
  function placeOf(event) {
    const box = digit.canvas.getBoundingClientRect();
    const side = Math.min(box.width, box.height);
    const share = (at, start, size) => (at - start - (size - side) / 2) / side;
    return [
      share(event.clientX, box.left, box.width) * width - 0.5,
      share(event.clientY, box.top, box.height) * height - 0.5,
    ];
  }

  /** The pointer, held since `held`, goes to a place: ink follows it, or the digit does. */
  function follow(place) {
    if (drawing) {
      const inverse = makeInverse(height, width, pose); // the ink appears under the pointer
      drawStroke(drawn, height, width, inverse(...held.place), inverse(...place), white);
      held.place = place;
      update();
      return;
    }
    const shifted = (start, axis, size) =>
      Math.max(-size / 2, Math.min(size / 2, start + place[axis] - held.place[axis]));
    move({ right: shifted(held.right, 0, width), down: shifted(held.down, 1, height) });
  }

  digit.canvas.addEventListener("pointerdown", (event) => {
    digit.canvas.setPointerCapture(event.pointerId);
    held = { place: placeOf(event), right: pose.right, down: pose.down };
    follow(held.place);
  });
  digit.canvas.addEventListener("pointermove", (event) => held && follow(placeOf(event)));
  for (const end of ["pointerup", "pointercancel"]) {
    digit.canvas.addEventListener(end, () => {
      held = null;
      update();
    });
  }

  const button = (text, press) => {
    const made = element("button", { type: "button", class: "wd-button" }, text);
    made.addEventListener("click", press);
    return made;
  };
  const pen = button("Draw", () => setDrawing(!drawing));
  const clear = button("Clear", () => {
    drawn.fill(0);
    update();
  });

  function setDrawing(wanted) {
    drawing = wanted;
    pen.setAttribute("aria-pressed", drawing);
    clear.hidden = note.hidden = !drawing;
    task.textContent = drawing ? "Draw a digit" : "Drag the digit";
    digit.canvas.classList.toggle("wd-pen", drawing);
    move(UNMOVED);
  }

  function turnTo(next) {
    index = (next + count) % count;
    if (drawing) setDrawing(false);
    else update();
  }

  el.append(
    element(
      "div",
      { class: "wd-bar" },
      button("‹ Previous digit", () => turnTo(index - 1)),
      button("Next digit ›", () => turnTo(index + 1)),
      button("Put it back", () => move(UNMOVED)),
      pen,
      clear,
    ),
    element(
      "div",
      { class: "wd-columns" },
      element("div", { class: "wd-stack" }, element("div", {}, task, digit.canvas, note), ...rows),
      element("div", { class: "wd-stack" }, ...readouts.figures),
    ),
    readouts.table,
    status.line,
  );
  setDrawing(false);
  return () => closing.abort();
}

export default { render };
