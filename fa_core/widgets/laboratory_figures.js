// What the laboratory shows of a run: curves, a table of the present values, the weights.

import { drawBars, drawHeat, drawLines, makeCanvas } from "./canvas.js";
import { element, makeTable, named, whole } from "./dom.js";

// Names and colours are the book's: those of noise, then BP differ from those of noise, then FA.
export const LINES = [
  { name: "fa", text: () => "FA", colour: () => "fa" },
  {
    name: "noise",
    text: ({ rule }) => `Noise, then ${rule.toUpperCase()}`,
    colour: ({ rule }) => (rule === "bp" ? "noisebp" : "noise"),
  },
  { name: "bp", text: () => "BP", colour: () => "bp" },
];

export const degrees = (angle) => (Number.isFinite(angle) ? `${angle.toFixed(1)}°` : "–");
const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const subscript = (number) => String.fromCharCode(0x2080 + number);

/** Column of the angle that the settings ask for: class-centred where the layer has classes. */
export const angleColumn = ({ angle, depth }, layer) =>
  angle === "centred" && Number(layer) === depth ? "centred_angle" : `angle_${layer}`;

/** Recorded rows by network and phase, as columns: columns.noise.data.loss is a list. */
export class Columns {
  constructor() {
    this.rows = [];
    for (const { name } of LINES) this[name] = { noise: {}, data: {} };
  }

  add(row) {
    this.rows.push(row);
    const columns = this[row.network][row.phase];
    for (const [column, value] of Object.entries(row)) (columns[column] ??= []).push(value);
  }

  /** The latest row of a network; before its data, the noise network's is that of its noise. */
  latest(name) {
    return this.rows.findLast((row) => row.network === name);
  }

  /** First recorded data step at which test accuracy reached a level. */
  reached(name, level) {
    const { step = [], accuracy = [] } = this[name].data;
    return step[accuracy.findIndex((value) => value >= level)];
  }
}

/** Lowest and highest of a column over all networks, with room, holding at least `also`. */
function range(columns, column, also) {
  const values = columns.rows.map((row) => row[column]).filter(Number.isFinite);
  const [low, high] = [Math.min(...also, ...values), Math.max(...also, ...values)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

const CURVES = [
  {
    title: (letter, column) =>
      `${column === "centred_angle" ? "Class-centred angle" : "Angle"} between W${letter} and B${letter} (90°: unrelated)`,
    column: (layer, settings) => angleColumn(settings, layer),
    limits: (columns, column) => range(columns, column, [75, 92]),
    reference: () => ({ value: 90, text: "" }),
    say: degrees,
  },
  {
    title: () => "Test accuracy",
    column: () => "accuracy",
    limits: () => [0, 1.02],
    reference: () => ({ value: 0.9, text: "90 %", left: true }),
    say: percent,
  },
  {
    title: () => "Loss, nats (dashed: on noise)",
    column: () => "loss",
    limits: (columns, column) => [0, range(columns, column, [2.4])[1]],
    // Where no curve is: during noise they lie above chance, at the end of data far below it.
    reference: ({ noise }) => ({ value: Math.log(10), text: "chance, log 10", left: noise > 0, below: noise > 0 }),
    say: (value) => value.toFixed(3),
  },
  {
    title: (letter) => `Effective rank of W${letter}`,
    column: (layer) => `rank_${layer}`,
    limits: (columns, column) => range(columns, column, []),
    say: (value) => value.toFixed(2),
  },
];

/** The curves and the table. `update(columns, settings, layer)` shows a run as it now stands. */
export function buildCurves(signal) {
  let [columns, settings, layer] = [new Columns(), null, 2];

  const figures = CURVES.map((curve) => {
    const title = element("h4", { class: "wd-title" });
    const figure = makeCanvas("wd-canvas wd-curve", "", (context, width, height, colours) => {
      if (!settings) return;
      const column = curve.column(layer, settings);
      const series = LINES.flatMap(({ name, colour }) =>
        ["noise", "data"].map((phase) => ({
          x: columns[name][phase].step ?? [],
          y: columns[name][phase][column] ?? [],
          colour: colours[colour(settings)],
          dash: phase === "noise" && column === "loss" ? [5, 4] : [],
        })),
      );
      drawLines(context, width, height, colours, {
        series,
        x: [-settings.noise, settings.data],
        y: curve.limits(columns, column),
        reference: curve.reference?.(settings),
        divide: settings.noise > 0 ? { value: 0, texts: ["noise", "data"] } : null,
      });
    }, signal);
    return { ...curve, title, name: curve.title, figure, box: element("div", {}, title, figure.canvas) };
  });

  const heads = ["Network", "Angle", "Test accuracy", "Loss", "Effective rank", "Steps to 90 %"];
  const table = makeTable("Present values", heads);

  function fillTable() {
    const rows = LINES.map(({ name, text, colour }) => {
      const row = columns.latest(name);
      const head = named(colour(settings), text(settings));
      if (!row) return [head, "–", "–", "–", "–", "–"];
      const reached = columns.reached(name, 0.9);
      return [
        head,
        degrees(row[angleColumn(settings, layer)]),
        percent(row.accuracy),
        `${row.loss.toFixed(3)}${row.phase === "noise" ? " (noise)" : ""}`,
        row[`rank_${layer}`].toFixed(2),
        reached === undefined ? "–" : whole(reached),
      ];
    });
    table.fill(rows);
    const every = Math.max(1, Math.round(settings.data / 80));
    table.title(
      `At the last recorded step, weight layer ${layer}. Steps to 90 % count data steps, ` +
        `recorded every ${every}.`,
    );
  }

  return {
    table: table.box,
    curves: element(
      "div",
      {},
      element("div", { class: "wd-curves" }, ...figures.map(({ box }) => box)),
      element("p", { class: "wd-note" }, "Across: data steps; noise steps count up to 0. Accuracy and data loss are on 397 test digits."),
    ),
    update(nextColumns, nextSettings, nextLayer) {
      [columns, settings, layer] = [nextColumns, nextSettings, nextLayer];
      for (const { name, title, column, say, figure } of figures) {
        const shown = column(layer, settings);
        title.textContent = name(subscript(layer), shown);
        const now = LINES.map((line) => [line.text(settings), columns.latest(line.name)])
          .filter(([, row]) => row)
          .map(([text, row]) => `${text} ${say(row[shown])}`);
        figure.describe(`${title.textContent}. Now: ${now.join(", ") || "no value yet"}.`);
        figure.redraw();
      }
      fillTable();
    },
  };
}

/** W above B as heat maps, and the readouts on noise. `update(view, layer)` shows the latest. */
export function buildWeights(signal) {
  let view = null;
  const heat = (part) => (context, width, height, colours) => {
    if (!view) return;
    const { values, rows, cols } = view[part];
    // The strongest weights would leave all others pale: full colour is at 2.5 deviations.
    const reach = 2.5 * Math.sqrt(values.reduce((sum, w) => sum + w * w, 0) / values.length);
    drawHeat(context, width, height, colours, { values, rows, cols, reach });
  };
  const forward = makeCanvas("wd-canvas wd-heat", "Forward weights", heat("weight"), signal);
  const feedback = makeCanvas("wd-canvas wd-heat", "Feedback weights", heat("feedback"), signal);
  const bars = makeCanvas("wd-canvas wd-bars", "Readouts on noise", (context, width, height, colours) => {
    if (!view) return;
    const chance = 1 / view.readout.length;
    const top = 1.1 * Math.max(2.5 * chance, ...view.readout);
    const reference = { value: chance, text: "1/K" };
    drawBars(context, width, height, colours, { values: view.readout, top, colour: colours.soft, reference });
  }, signal);
  const names = ["W", "B"].map(() => element("h4", { class: "wd-title" }));
  const box = element(
    "div",
    { class: "wd-weights" },
    element(
      "div",
      {},
      names[0],
      forward.canvas,
      names[1],
      feedback.canvas,
      element("p", { class: "wd-note" }, "A row of W is an output unit, a row of B a unit whose error it carries. Orange is positive, blue negative."),
    ),
    element("div", {}, element("h4", { class: "wd-title" }, "Mean readout on noise"), bars.canvas),
  );
  return {
    box,
    update(next, layer) {
      view = next;
      const [W, B] = ["W", "B"].map((letter) => `${letter}${subscript(layer)}`);
      const apart = Number.isFinite(view.angle)
        ? `${degrees(view.angle)} from ${B}`
        : `no angle to ${B}, which has another shape`;
      names[0].textContent = `Forward weights ${W}, ${apart}`;
      names[1].textContent = `Feedback weights ${B}`;
      const size = ({ rows, cols }) => `${rows} by ${cols} heat map`;
      forward.describe(`Forward weights, ${size(view.weight)}, ${apart}.`);
      feedback.describe(`Feedback weights, ${size(view.feedback)}.`);
      bars.describe(`Mean readout on noise: ${view.readout.map((p) => p.toFixed(3)).join(", ")}.`);
      for (const figure of [forward, feedback, bars]) figure.redraw();
    },
  };
}
