// What the laboratory shows of a run over its steps: curves, and a table of the values at one step.
//
// A `picture` is {columns, settings, layer, network, others, ghost}: the run, the layer and network
// looked at, the columns of other seeds, and {columns, settings} of the run before, or null.

import { drawLines, makeCanvas } from "./canvas.js";
import { drawCrosshair } from "./crosshair.js";
import { DASHES, element, makeTable, named, whole } from "./dom.js";
import { angleColumn, degrees, linesOf, subscript } from "./laboratory_columns.js";

const PHASES = ["noise", "data"];
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** Lowest and highest of a column over all that is drawn, with room, holding at least `also`. */
function range({ columns, others, ghost }, column, also) {
  const drawn = [columns, ...others, ...(ghost ? [ghost.columns] : [])];
  const values = drawn.flatMap(({ rows }) => rows.map((row) => row[column])).filter(Number.isFinite);
  const [low, high] = [Math.min(...also, ...values), Math.max(...also, ...values)];
  const room = high - low > 1e-9 * Math.abs(high) ? 0.06 * (high - low) : 0.06; // all one, but for rounding
  return [low - room, high + room];
}

const CURVES = [
  {
    title: (letter, column) =>
      `${column === "centred_angle" ? "Class-centred angle" : "Angle"} between W${letter} and B${letter}`,
    column: (layer, settings) => angleColumn(settings, layer),
    limits: (picture, column) => range(picture, column, [75, 92]),
    reference: () => ({ value: 90, text: "unrelated", below: true }),
    say: degrees,
  },
  {
    title: (letter, column, { turn }) => (turn > 0 ? `Test accuracy, digits turned by ${turn}°` : "Test accuracy"),
    column: () => "accuracy",
    limits: () => [0, 1.02],
    reference: () => ({ value: 0.9, text: "90 %", left: true }),
    say: percent,
  },
  {
    title: () => "Loss, nats (before step 0: on noise)",
    column: () => "loss",
    limits: (picture, column) => [0, range(picture, column, [2.4])[1]],
    // Where no curve is: during noise they lie above chance, at the end of data far below it.
    reference: ({ noise }) => ({ value: Math.log(10), text: "chance, log 10", left: noise > 0, below: noise > 0 }),
    say: (value) => value.toFixed(3),
  },
  {
    title: (letter) => `Effective rank of W${letter}`,
    column: (layer) => `rank_${layer}`,
    limits: (picture, column) => range(picture, column, []),
    say: (value) => value.toFixed(2),
  },
];

/** The lines of one run's column; `look` is how they differ from the way's own colour and dash. */
const linesFrom = (columns, settings, column, colours, look) =>
  linesOf(settings).flatMap(({ name, colour }) =>
    PHASES.map((phase) => ({
      x: columns[name][phase].step ?? [],
      y: columns[name][phase][column] ?? [],
      colour: colours[colour(settings)],
      dash: DASHES[colour(settings)],
      ...look,
    })),
  );

function buildCurve(curve, crosshair, signal) {
  let [picture, axes] = [null, null];
  const title = element("h3", { class: "wd-title" });
  const figure = makeCanvas("wd-canvas wd-curve wd-pointed", "", (context, width, height, colours) => {
    if (!picture) return;
    const { columns, settings, layer, others, ghost } = picture;
    const column = curve.column(layer, settings);
    const lines = (run, look, of = settings) => linesFrom(run, of, column, colours, look);
    const faint = others.flatMap((other) => lines(other, { width: 1, alpha: 0.3 }));
    const before = ghost ? lines(ghost.columns, { width: 2, alpha: 0.6, dash: [1, 4] }, ghost.settings) : [];
    const main = lines(columns);
    axes = drawLines(context, width, height, colours, {
      series: [...faint, ...before, ...main],
      x: [-settings.noise, settings.data],
      y: curve.limits(picture, column),
      reference: curve.reference?.(settings),
      divide: settings.noise > 0 ? { value: 0, texts: PHASES } : null,
    });
    if (crosshair.step === null) return;
    const marks = linesOf(settings)
      .map(({ name, colour }) => ({ row: columns.at(name, crosshair.step), colour: colours[colour(settings)] }))
      .filter(({ row }) => row)
      .map(({ row, colour }) => ({ y: row[column], colour, text: curve.say(row[column]) }));
    drawCrosshair(context, width, colours, axes, crosshair.step, marks);
  }, signal);
  crosshair.follow(figure.canvas, () => axes);
  return {
    box: element("div", {}, title, figure.canvas),
    update(next) {
      picture = next;
      const { columns, settings, layer } = picture;
      const column = curve.column(layer, settings);
      title.textContent = curve.title(subscript(layer), column, settings);
      const now = linesOf(settings)
        .map((line) => [line.text(settings), columns.at(line.name, crosshair.step)])
        .filter(([, row]) => row)
        .map(([text, row]) => `${text} ${curve.say(row[column])}`);
      figure.describe(`${title.textContent}. Now: ${now.join(", ") || "no value yet"}.`);
      figure.redraw();
    },
  };
}

const HEADS = ["Network", "Angle", "Test accuracy", "Loss", "Effective rank", "Steps to 90 %"];

function tableRow({ columns, settings, layer }, { name, text, colour }, step) {
  const row = columns.at(name, step);
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
}

/** What the faint lines are. */
function keyText({ others, ghost }, changes) {
  const seeds = others.length > 0 ? [`Thin: ${others.length} more ${others.length > 1 ? "seeds" : "seed"}.`] : [];
  const before = ghost ? [`Dotted: the run before${changes ? `, with ${changes}` : ""}.`] : [];
  return [...seeds, ...before].join(" ");
}

/** The curves and the table. `update(picture, changes)` shows a run as it now stands; `changes` says how the ghost differs. */
export function buildCurves(crosshair, signal) {
  const figures = CURVES.map((curve) => buildCurve(curve, crosshair, signal));
  const table = makeTable("Present values", HEADS);
  const [key, faint] = [element("p", { class: "wd-keys" }), element("p", { class: "wd-note" })];
  return {
    table: table.box,
    box: element(
      "div",
      {},
      key,
      element("div", { class: "wd-curves" }, ...figures.map(({ box }) => box)),
      crosshair.row,
      faint,
    ),
    update(picture, changes) {
      const { columns, settings, layer } = picture;
      const lines = linesOf(settings);
      crosshair.update(columns.steps);
      key.replaceChildren(...lines.map(({ text, colour }) => element("span", {}, ...named(colour(settings), text(settings)))));
      faint.textContent = `${keyText(picture, changes)} Across: data steps; noise steps count up to 0. Accuracy and data loss are on 397 test digits.`.trim();
      for (const figure of figures) figure.update(picture);
      table.fill(lines.map((line) => tableRow(picture, line, crosshair.step)));
      const every = Math.max(1, Math.round(settings.data / 80));
      const when = crosshair.step === null ? "At the last recorded step" : `At step ${whole(crosshair.step)}`;
      table.title(
        `${when}, weight layer ${layer}. Steps to 90 % count data steps, recorded every ${every}.`,
      );
    },
  };
}
