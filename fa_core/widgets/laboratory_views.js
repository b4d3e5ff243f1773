// What the laboratory shows of one network at one moment: its weights against its feedback, what it
// sees, and its readouts on noise.

import { drawBars, drawGrey, drawScatter, makeCanvas } from "./canvas.js";
import { element } from "./dom.js";
import { degrees, subscript } from "./laboratory_columns.js";

const DOTS = 1500; // at most: of larger matrices every second, third ... weight is drawn
const REACH = 3.2; // standard deviations on either side of 0
const ACROSS = 4; // images in a row
const GREY = 2.5; // standard deviations from black to mid-grey, and on to white

const size = (matrix) => Math.sqrt(matrix.reduce((sum, w) => sum + w * w, 0) / matrix.length) || 1;

/** Every so many-th weight of a matrix, in units of the matrix's size. */
function dots({ values }) {
  const [every, unit] = [Math.ceil(values.length / DOTS), size(values)];
  return values.filter((_, i) => i % every === 0).map((w) => w / unit);
}

/** Square images [n, pixels] side by side, ACROSS in a row, one pixel apart. */
function tile({ count, x }) {
  const pixels = x.length / count;
  const side = Math.sqrt(pixels);
  const cell = side + 1;
  const [rows, cols] = [Math.ceil(count / ACROSS) * cell - 1, ACROSS * cell - 1];
  const values = new Float64Array(rows * cols).fill(NaN);
  for (let n = 0; n < count; n++) {
    const corner = Math.floor(n / ACROSS) * cell * cols + (n % ACROSS) * cell;
    for (let p = 0; p < pixels; p++) {
      values[corner + Math.floor(p / side) * cols + (p % side)] = x[n * pixels + p] + GREY;
    }
  }
  return { values, rows, cols };
}

/** The labels of a batch in words. */
function labelsOf({ count, y }) {
  const classes = y.length / count;
  const rows = Array.from({ length: count }, (_, n) => Array.from(y.slice(n * classes, (n + 1) * classes)));
  if (rows[0].every((share) => share === rows[0][0])) return `every label: 1/${classes} for each class`;
  return `labels: ${rows.map((row) => row.indexOf(1)).join(", ")}`;
}

/** `update(view, layer, phase)` shows the latest. */
export function buildViews(signal) {
  let [view, letter] = [null, ""];
  const scatter = makeCanvas("wd-canvas wd-view", "Weights against feedback", (context, width, height, colours) => {
    if (!view || !Number.isFinite(view.angle)) return;
    const [across, up] = [dots(view.feedback), dots(view.weight)];
    const look = { across, up, reach: REACH, colour: colours.noise, names: [`B${letter}`, `W${letter}`] };
    const { cx, cy, unit } = drawScatter(context, width, height, colours, look);
    // In units of their own sizes the fitted line has the cosine of the angle as its slope.
    const rise = Math.cos((view.angle * Math.PI) / 180);
    const half = (0.95 * REACH * unit) / Math.hypot(1, rise);
    context.strokeStyle = colours.ink;
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(cx - half, cy + rise * half);
    context.lineTo(cx + half, cy - rise * half);
    context.stroke();
  }, signal);
  const images = makeCanvas("wd-canvas wd-seen", "What the network sees", (context, width, height, colours) => {
    if (view?.seen) drawGrey(context, width, height, colours, { ...tile(view.seen), white: 2 * GREY });
  }, signal);
  const bars = makeCanvas("wd-canvas wd-view", "Readouts on noise", (context, width, height, colours) => {
    if (!view) return;
    const chance = 1 / view.readout.length;
    const top = 1.1 * Math.max(2.5 * chance, ...view.readout);
    const reference = { value: chance, text: "1/K" };
    drawBars(context, width, height, colours, { values: view.readout, top, colour: colours.soft, reference });
  }, signal);
  const [name, seen, labels] = [element("h3", { class: "wd-title" }), element("h3", { class: "wd-title" }), element("p", { class: "wd-note" })];
  const note = element("p", { class: "wd-note" }, "A dot is one weight and its feedback, each in units of its matrix's size. The line tilts as they align.");
  const box = element(
    "div",
    { class: "wd-views" },
    element("div", {}, seen, images.canvas, labels),
    element("div", {}, name, scatter.canvas, note),
    element("div", {}, element("h3", { class: "wd-title" }, "Mean readout on noise"), bars.canvas),
  );
  return {
    box,
    update(next, layer) {
      [view, letter] = [next, subscript(layer)];
      const [W, B] = ["W", "B"].map((matrix) => `${matrix}${letter}`);
      const apart = Number.isFinite(view.angle)
        ? `${degrees(view.angle)} from ${B}`
        : view.weight.rows === view.feedback.rows ? "which is zero" : `no angle to ${B}, which has another shape`;
      name.textContent = `${W}, ${apart}`;
      scatter.describe(`Weights ${W} (${view.weight.rows} by ${view.weight.cols}) against feedback ${B} (${view.feedback.rows} by ${view.feedback.cols}): ${apart}.`);
      const what = view.step <= 0 ? "noise" : "digits";
      seen.textContent = view.seen ? `What it sees: ${what}` : "What it sees: nothing yet";
      labels.textContent = view.seen ? `Of the latest batch; ${labelsOf(view.seen)}.` : "";
      images.describe(`${seen.textContent}. ${labels.textContent}`);
      bars.describe(`Mean readout on noise: ${view.readout.map((p) => p.toFixed(3)).join(", ")}.`);
      for (const figure of [scatter, images, bars]) figure.redraw();
    },
  };
}
