// What populations of networks make of one digit, and of all test images moved like it.

import { makeCanvas } from "./canvas.js";
import { element, makeTable, named, panel, whole } from "./dom.js";
import { average, drawAccuracies, drawReadouts } from "./readout_figures.js";

/**
 * The mean of some differences and half their 95 % interval; `quantile` is that of Student's t.
 * One number has no interval.
 */
function estimate(differences, quantile) {
  const [middle, n] = [average(differences), differences.length];
  if (n < 2) return { middle, half: NaN };
  const squares = differences.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return { middle, half: quantile * Math.sqrt(squares / (n - 1) / n) };
}

const percent = (shares) => `${(100 * average(shares)).toFixed(1)} %`;

function signed({ middle, half }) {
  const size = `${middle < 0 ? "−" : "+"}${Math.abs(middle).toFixed(1)}`;
  return Number.isNaN(half) ? size : `${size} ± ${half.toFixed(1)}`;
}

/**
 * Figures and a table of populations that read `count` test images. `show(readings, label, before,
 * accuracies)` fills them and returns what they show in words: `readings` of the digit shown by
 * population; `label` of that digit, null if it has none; accuracies by population and network,
 * unmoved and in this pose, null while they are not known. `quantile` is that of Student's t.
 */
export function buildReadouts(populations, count, quantile, signal) {
  let now = {};
  const rows = () => populations.map(({ name, colour }, i) => ({ name, colour, mean: now.readings[i].mean, before: now.before?.[i], accuracies: now.accuracies?.[i] }));
  const strip = makeCanvas("wd-canvas wd-strip", "", (context, width, height, colours) => {
    if (now.accuracies) drawAccuracies(context, width, height, colours, rows());
  }, signal);
  const bars = makeCanvas("wd-canvas wd-bars", "", (context, width, height, colours) => {
    drawReadouts(context, width, height, colours, rows());
  }, signal);
  const { box: table, fill } = makeTable("Accuracy, mean over networks (± half the 95 % interval, paired by network)", [
    "Networks",
    "Unmoved",
    "Moved",
    `Points above ${populations[0].name}`,
    "This digit",
  ]);

  function describeAll() {
    if (!now.accuracies) return "";
    const found = populations.map(({ name }, i) => `${name} ${percent(now.accuracies[i])}`);
    return ` Accuracy on ${whole(count)} test images moved alike: ${found.join(", ")}.`;
  }

  function abovePlain(i) {
    if (i === 0) return "";
    const differences = now.accuracies[i].map((share, n) => 100 * (share - now.accuracies[0][n]));
    return signed(estimate(differences, quantile));
  }

  function show(readings, label, before, accuracies) {
    now = { readings, before, accuracies };
    const votes = readings.map(({ answer, votes: of }, i) => `${answer} (${of[answer]} of ${populations[i].size})`);
    const marks = readings.map(({ answer }) => (label === null ? ["", ""] : answer === label ? [" ✓", ""] : [" ✗", ", wrong"]));
    fill(
      populations.map(({ name, colour }, i) => [
        named(colour, name),
        ...(accuracies ? [percent(before[i]), percent(accuracies[i]), abovePlain(i)] : ["…", "…", "…"]),
        votes[i] + marks[i][0],
      ]),
    );
    const shares = ({ mean }) => mean.map((p, k) => `${k} ${p.toFixed(3)}`).join(", ");
    bars.describe(`Mean readouts. ${populations.map(({ name }, i) => `${name}: ${shares(readings[i])}`).join("; ")}.`);
    strip.describe(`A dot a network, a bar at the mean.${describeAll()}`);
    bars.redraw();
    strip.redraw();
    return `${populations.map(({ name }, i) => `${name} ${votes[i]}${marks[i][1]}`).join("; ")}.${describeAll()}`;
  }

  const note = element("p", { class: "wd-note" }, "A dot a network, a bar at their mean, a ring where the mean is without a shift.");
  const figures = [
    panel(`Accuracy on ${whole(count)} test images, moved alike`, strip.canvas, note),
    panel("This digit: mean readout of each class", bars.canvas),
  ];
  return { figures, table, show };
}
