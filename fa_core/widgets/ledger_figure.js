// The laboratory's ledger: both sides of FA's conservation law as a run goes on, and its pieces.

import { drawLines, makeCanvas } from "./canvas.js";
import { drawCrosshair } from "./crosshair.js";
import { element } from "./dom.js";
import { linesOf, subscript } from "./laboratory_columns.js";

const number = (value) =>
  Number.isFinite(value) ? value.toLocaleString("en-US", { maximumSignificantDigits: 4 }) : "–";

/** Why the two sides of this network's ledger are one number, or why not. */
function reason({ name }, { rule, optimiser, decay, depth }, W, below, layer) {
  const own = { noise: rule, quiet: "fa" }[name] ?? name;
  if (own === "dfa" && layer < depth) return `B of this layer has another shape than ${W}: it has no left side.`;
  if (own === "bp") return `This network sends errors back by ${W}, not by B: nothing ties the two sides.`;
  if (own === "kp") return "Here B moves: the law holds for feedback that stays as it is.";
  if (decay > 0) return "Weight decay moves the weights, too: set it to 0 and the lines meet.";
  if (optimiser === "adam") {
    return (
      "Adam divides every weight's gradient by a size of its own, so the two sides part: the law is that of plain SGD. " +
      "They are divided by the learning rates all the same."
    );
  }
  return `Plain SGD: the two are one number. ${W} moves along B, apart from the rates, exactly as far as ${below} grows beyond its random walk.`;
}

/** `update(picture)` shows the ledger of the picture's network and layer, as laboratory_curves.js makes it. */
export function buildLedger(crosshair, signal) {
  let [columns, settings, line, layer, axes] = [null, null, null, 2, null];
  const sides = ["turned", "grown"];
  const values = (side, phase) => columns[line.name][phase][`${side}_${layer}`] ?? [];

  const title = element("h3", { class: "wd-title" });
  const figure = makeCanvas("wd-canvas wd-curve wd-pointed", "", (context, width, height, colours) => {
    if (!settings) return;
    const looks = [
      { colour: colours[line.colour(settings)], width: 6, alpha: 0.75 },
      { colour: colours.ink, width: 1.5, dash: [5, 4] },
    ];
    const phases = ["noise", "data"];
    const series = sides.flatMap((side, s) =>
      phases.map((phase) => ({ x: columns[line.name][phase].step ?? [], y: values(side, phase), ...looks[s] })),
    );
    const all = series.flatMap(({ y }) => y).filter(Number.isFinite);
    const [low, high] = [Math.min(0, ...all), Math.max(1e-9, ...all)];
    const room = 0.06 * (high - low);
    axes = drawLines(context, width, height, colours, {
      series,
      x: [-settings.noise, settings.data],
      y: [low - room, high + room],
      divide: settings.noise > 0 ? { value: 0, texts: ["noise", "data"] } : null,
    });
    const row = crosshair.step === null ? null : columns.at(line.name, crosshair.step);
    if (!row) return;
    const marks = sides.map((side, s) => ({ y: row[`${side}_${layer}`], colour: looks[s].colour, text: number(row[`${side}_${layer}`]) }));
    drawCrosshair(context, width, colours, axes, crosshair.step, marks);
  }, signal);
  crosshair.follow(figure.canvas, () => axes);

  const key = element("span", { class: "wd-key" });
  const parts = ["turned", "grown", "walked", "size"].map((name) => ({ name, label: element("span"), value: element("dd") }));
  const why = element("p", { class: "wd-note" });
  const list = element(
    "dl",
    { class: "wd-sums" },
    ...parts.flatMap(({ name, label, value }) => {
      const mark = { turned: [key], grown: [element("span", { class: "wd-key wd-key-dashed" })] }[name] ?? [];
      return [element("dt", {}, ...mark, label), value];
    }),
  );

  return {
    box: element("div", { class: "wd-ledger" }, element("div", {}, title, figure.canvas), element("div", {}, list, why)),
    update({ network, ...picture }) {
      ({ columns, settings, layer } = picture);
      line = linesOf(settings).find(({ name }) => name === network);
      const [W, B, below] = [`W${subscript(layer)}`, `B${subscript(layer)}`, `W${subscript(layer - 1)}`];
      const who = line.text(settings);
      const row = columns.at(network, crosshair.step) ?? {};
      title.textContent = `Ledger of ${who}: ${W} towards ${B}, growth of ${below}`;
      key.className = `wd-key wd-key-thick wd-key-${line.colour(settings)}`;
      const labels = {
        turned: `⟨${B}, ${W} − start⟩ / rate of ${W}`,
        grown: `Growth of |${below}|² beyond its random walk / (2 × rate of ${below})`,
        walked: `That random walk, Σ|Δ${below}|² / (2 × rate of ${below})`,
        size: `|${W}| / |start|`,
      };
      for (const { name, label, value } of parts) {
        label.textContent = labels[name];
        value.textContent = number(row[`${name}_${layer}`]);
      }
      why.textContent = `${reason(line, settings, W, below, layer)} ${below} is counted with its biases.`;
      const now = sides.map((side) => `${labels[side]}: ${number(row[`${side}_${layer}`])}`);
      figure.describe(`${title.textContent}. ${row.step === undefined ? "No value yet" : `Now ${now.join("; ")}`}.`);
      figure.redraw();
    },
  };
}
