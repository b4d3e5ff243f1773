// A fair contest: drag norm and angle of W2 at the start, and see how that start learns.

import { drawLines, makeCanvas } from "./canvas.js";
import { choice, DASHES, dial, element, makeStatus, makeTable, named, openWidget, panel, whole } from "./dom.js";
import { makeGrid } from "./start_grid.js";
import { COLS, drawPlane, planeAxes, ROWS } from "./start_plane_figure.js";

const ARROWS = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NEAR = 9; // pixels within which the pointer finds a start that was trained

const clamp = (value, one, other) => Math.max(Math.min(one, other), Math.min(Math.max(one, other), value));
const percent = ([mean, half]) => `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)} %`;
const placeText = ({ norm, angle }) => (norm === 0 ? "0, no angle" : `${norm.toFixed(2)}, ${Math.round(angle)}°`);

/** Steps to the level; at least so many where networks that never get there count as the last step. */
function stepsText({ steps, reached }) {
  if (reached[0] === 0) return "not reached";
  return `${reached[0] < 1 ? "≥ " : ""}${whole(steps[0])} ± ${whole(steps[1])}`;
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const [sets, norms, angles, steps] = ["sets", "norms", "angles", "steps"].map((name) => model.get(name));
  const ends = { norm: [norms[0], norms[norms.length - 1]], angle: [angles[0], angles[angles.length - 1]] };
  const grid = makeGrid(model);
  let chosen = { norm: 0.3, angle: 45 };
  let [shade, held] = [[], false];

  const data = choice("Data", sets.map(({ title }, i) => [i, title]));
  const below = choice("W₁", [[0, "as drawn"], [1, "after noise"]]);
  const set = () => Number(data.select.value);
  const at = ({ norm, angle }, noisy) => ({ norm, angle, ...grid.at(set(), noisy, norm, angle) });
  /** The chosen start, and those that it is compared with, whose W1 is not the reader's. */
  const starts = () => [
    { name: "your start", colour: "ink", width: 5, ...at(chosen, Number(below.select.value)) },
    { name: "noise", colour: "noise", ...sets[set()], ...grid.noise(set()) },
    { name: "usual start", colour: "fa", ...at({ norm: ends.norm[1], angle: ends.angle[0] }, 0) },
    { name: "W₂ = 0", colour: "quiet", dash: DASHES.quiet, ...at({ norm: 0, angle: ends.angle[0] }, 0) },
  ];

  const plane = makeCanvas("wd-canvas wd-tall wd-drag", "Start: norm of W₂ across, angle to B₂ up; arrow keys move it", (context, width, height, colours) => {
    const axes = planeAxes(width, height, norms, angles);
    drawPlane(context, axes, colours, { norms, angles, shade, noise: sets[set()], chosen });
  }, closing.signal);
  const curves = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    const series = starts().map(({ colour, width: thick, dash, accuracy }) => {
      const [y, half] = [accuracy.slice(0, steps.length), accuracy.slice(steps.length)];
      const [low, high] = [y.map((mean, t) => mean - half[t]), y.map((mean, t) => mean + half[t])];
      return { x: steps, y, low, high, colour: colours[colour], width: thick, dash };
    });
    const { level } = sets[set()];
    drawLines(context, width, height, colours, {
      series, // the chosen one broad, below the others
      x: [steps[0], steps[steps.length - 1]],
      y: [0, 1],
      reference: { value: level, text: `${Math.round(100 * level)} %`, below: true },
    });
  }, closing.signal);
  const table = makeTable("Means over networks ± 95 % interval", ["Start", "Norm, angle", "Area under the curve", "Steps to the level"]);
  const legend = element("p", { class: "wd-note" });
  const status = makeStatus();

  /** Shades the plane by area; the scale is that of both W1. */
  function paint() {
    const areas = [0, 1].map((noisy) => grid.areas(set(), noisy, ROWS, COLS));
    const [low, high] = [Math.min(...areas.flat()), Math.max(...areas.flat())];
    shade = areas[below.select.value].map((area) => (area - low) / (high - low || 1));
    const [least, most] = [low, high].map((area) => `${(100 * area).toFixed(0)} %`);
    legend.textContent =
      "Ring: your start. Star: noise. Small dots: starts that were trained. Orange edge: W₂ = 0. A norm of 1 is that of the usual start. " +
      `The stronger the shade, the larger the area under the curve, from ${least} to ${most}.`;
  }

  function update() {
    const rows = starts();
    const [own] = rows;
    const { level } = sets[set()];
    const where = `norm and angle ${placeText(chosen)}`;
    table.title(`Means over networks ± 95 % interval; the level is ${Math.round(100 * level)} %`);
    table.fill(rows.map((start) => [named(start.colour, start.name), placeText(start), percent(start.area), stepsText(start)]));
    norm.input.value = chosen.norm;
    norm.say(chosen.norm.toFixed(2));
    angle.input.value = chosen.angle;
    angle.say(`${chosen.angle}°`);
    const reached = `${Math.round(100 * level)} % ${own.reached[0] ? `after ${stepsText(own)} steps` : "not reached"}`;
    status.say(
      `${sets[set()].title}, ${where}: ${own.measured ? "measured" : "interpolated between measured starts"}, n = ${model.get("networks")} networks. ` +
        `Area under the curve ${percent(own.area)}; ${reached}.`,
      held,
    );
    plane.canvas.setAttribute("aria-valuenow", chosen.norm);
    plane.canvas.setAttribute("aria-valuetext", where);
    curves.describe(`Test accuracy over steps. Areas: ${rows.map((start) => `${start.name} ${percent(start.area)}`).join(", ")}.`);
    plane.redraw();
    curves.redraw();
  }

  function move(to) {
    chosen = {
      norm: Math.round(100 * clamp(to.norm, ...ends.norm)) / 100,
      angle: Math.round(clamp(to.angle, ...ends.angle)),
    };
    update();
  }
  const norm = dial("Norm", ...ends.norm, 0.01, chosen.norm, (value) => move({ ...chosen, norm: value }));
  const angle = dial("Angle", ends.angle[1], ends.angle[0], 1, chosen.angle, (value) => move({ ...chosen, angle: value }));

  /** The start goes to the pointer, or to a start that was trained, where one is near. */
  function follow(event) {
    const frame = plane.canvas.getBoundingClientRect();
    const axes = planeAxes(frame.width, frame.height, norms, angles);
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const trained = norms.flatMap((value) => angles.map((turn) => ({ norm: value, angle: turn })));
    const near = trained.find((start) => Math.hypot(axes.across(start.norm) - x, axes.down(start.angle) - y) < NEAR);
    move(near ?? { norm: axes.norm(x), angle: axes.angle(y) });
  }
  plane.canvas.addEventListener("pointerdown", (event) => {
    plane.canvas.setPointerCapture(event.pointerId);
    held = true;
    follow(event);
  });
  plane.canvas.addEventListener("pointermove", (event) => held && follow(event));
  for (const end of ["pointerup", "pointercancel"]) {
    plane.canvas.addEventListener(end, () => {
      held = false;
      update();
    });
  }
  const handle = { role: "slider", tabindex: 0, "aria-valuemin": ends.norm[0], "aria-valuemax": ends.norm[1] };
  for (const [name, value] of Object.entries(handle)) plane.canvas.setAttribute(name, value);
  plane.canvas.dataset.lmSuppressShortcuts = ""; // as of every control, see `element`
  plane.canvas.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault(); // the page stays
    move({ norm: chosen.norm + arrow[0], angle: chosen.angle + arrow[1] });
  });

  function show() {
    paint();
    update();
  }
  for (const { select } of [data, below]) select.addEventListener("change", show);

  el.append(
    element("div", { class: "wd-bar" }, data.label, below.label),
    element(
      "div",
      { class: "wd-pair" },
      element("div", { class: "wd-stack" }, panel("Angle of W₂ to B₂, over the norm of W₂", plane.canvas), norm.row, angle.row),
      element("div", { class: "wd-stack" }, panel("Test accuracy over steps", curves.canvas), legend),
    ),
    table.box,
    status.line,
  );
  show();
  return () => closing.abort();
}

export default { render };
