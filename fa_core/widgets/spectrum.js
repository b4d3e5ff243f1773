// Chapter 3: the singular spectrum over time, and the effective rank that it amounts to.

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { COLOURS, element, makeStatus, makeTable, named, openWidget, panel, whole } from "./dom.js";
import { entropyRank } from "./matrix.js";
import { makeScrubber } from "./scrubber.js";

function readSpectra(model) {
  return model.get("names").map((name, i) => {
    const { shape, values } = unpack(model.get("spectra")[i]);
    const count = shape[1];
    const at = Array.from({ length: shape[0] }, (_, t) => values.subarray(t * count, (t + 1) * count));
    return { name, colour: COLOURS[i], at, ranks: at.map(entropyRank) };
  });
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const steps = model.get("steps");
  const spectra = readSpectra(model);
  const count = spectra[0].at[0].length;
  const places = Array.from({ length: count }, (_, i) => i + 1);
  const most = Math.max(...spectra.flatMap(({ at }) => at.map((values) => values[0])));
  const ranks = spectra.flatMap((spectrum) => spectrum.ranks);
  const room = 0.08 * (Math.max(...ranks) - Math.min(...ranks) || 1);
  const rankRange = [Math.min(...ranks) - room, Math.max(...ranks) + room];
  const span = [steps[0], steps[steps.length - 1]];
  const divide = steps[0] < 0 && span[1] > 0 ? { value: 0, texts: ["noise", "data"] } : null;
  let now = 0;

  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    drawLines(context, width, height, colours, {
      series: spectra.map(({ at, colour }) => ({ x: places, y: at[now], colour: colours[colour] })),
      x: [1, count],
      y: [0, 1.04 * most],
      markers:
        count > 24
          ? []
          : spectra.flatMap(({ at, colour }) =>
              places.map((x, i) => ({ x, y: at[now][i], colour: colours[colour] })),
            ),
    });
  }, closing.signal);
  const rankFigure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    drawLines(context, width, height, colours, {
      series: spectra.map((s) => ({ x: steps, y: s.ranks, colour: colours[s.colour] })),
      x: span,
      y: rankRange,
      divide,
      markers: spectra.map((s) => ({ x: steps[now], y: s.ranks[now], colour: colours[s.colour] })),
    });
  }, closing.signal);
  const { box: table, fill } = makeTable("At the step shown", ["Network", "Effective rank", "Largest", "Smallest"]);
  const status = makeStatus();

  const scrubber = makeScrubber("Training step", steps.length, closing.signal, (index, playing) => {
    now = index;
    const step = steps[now] < 0 ? `${whole(-steps[now])} noise steps before data` : `step ${whole(steps[now])}`;
    scrubber.say(step);
    fill(
      spectra.map(({ name, colour, at, ranks: rank }) => [
        named(colour, name),
        rank[now].toFixed(2),
        at[now][0].toFixed(3),
        at[now][count - 1].toFixed(3),
      ]),
    );
    const words = spectra.map((s) => `${s.name} ${s.ranks[now].toFixed(2)}`).join(", ");
    status.say(`Effective rank at ${step}: ${words} (at most ${count}).`, playing);
    figure.describe(`Singular values from the largest to the smallest, ${step}.`);
    rankFigure.describe(`Effective rank over steps. At ${step}: ${words}.`);
    figure.redraw();
    rankFigure.redraw();
  });

  el.append(
    scrubber.bar,
    element(
      "div",
      { class: "wd-columns" },
      panel("Singular values, largest first", figure.canvas),
      panel("Effective rank over steps", rankFigure.canvas),
    ),
    table,
    status.line,
  );
  scrubber.go(0);
  return () => closing.abort();
}

export default { render };
