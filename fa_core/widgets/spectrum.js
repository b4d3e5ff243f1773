// Chapter 3: the singular spectrum over time, and the effective rank that it amounts to.

import { unpack } from "./arrays.js";
import { drawLines, makeCanvas } from "./canvas.js";
import { COLOURS, DASHES, element, makeStatus, makeTable, named, openWidget, panel, sourceLine, whole } from "./dom.js";
import { entropyRank } from "./matrix.js";
import { widened } from "./recorded.js";
import { makeScrubber } from "./scrubber.js";

/** Each network with its effective ranks, and its singular values where they are known. */
function readNetworks(model) {
  const known = model.get("spectra").map((packed) => {
    const { shape, values } = unpack(packed);
    const count = shape[1];
    return Array.from({ length: shape[0] }, (_, t) => values.subarray(t * count, (t + 1) * count));
  });
  return model.get("names").map((name, i) => {
    const at = known[i] ?? null;
    const ranks = at ? at.map(entropyRank) : model.get("ranks")[i - known.length];
    return { name, colour: COLOURS[i], at, ranks };
  });
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-rows");
  const steps = model.get("steps");
  const networks = readNetworks(model);
  const spectra = networks.filter(({ at }) => at);
  const count = spectra[0].at[0].length;
  const places = Array.from({ length: count }, (_, i) => i + 1);
  const valueRange = widened(spectra.flatMap(({ at }) => at.flatMap((values) => [...values])));
  const rankRange = widened(networks.flatMap(({ ranks }) => ranks));
  const apart = steps.map((_, t) => {
    const there = networks.map(({ ranks }) => ranks[t]);
    return Math.max(...there) - Math.min(...there);
  });
  const span = [steps[0], steps[steps.length - 1]];
  const divide = steps[0] < 0 && span[1] > 0 ? { value: 0, texts: ["noise", "data"] } : null;
  let now = 0;

  const line = ({ name, colour }, colours, x, y) => ({ x, y, colour: colours[colour], dash: DASHES[colour], label: name });
  const figure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    drawLines(context, width, height, colours, {
      series: spectra.map((network) => line(network, colours, places, network.at[now])),
      x: [1, count],
      y: valueRange,
    });
  }, closing.signal);
  const rankFigure = makeCanvas("wd-canvas wd-tall", "", (context, width, height, colours) => {
    drawLines(context, width, height, colours, {
      series: networks.map((network) => line(network, colours, steps, network.ranks)),
      x: span,
      y: rankRange,
      divide,
      markers: networks.map((s) => ({ x: steps[now], y: s.ranks[now], colour: colours[s.colour] })),
    });
  }, closing.signal);
  const { box: table, fill } = makeTable("At the step shown", ["Network", "Effective rank", "Largest", "Smallest"]);
  const status = makeStatus();

  const scrubber = makeScrubber("Training step", steps.length, closing.signal, (index, playing) => {
    now = index;
    const step = steps[now] < 0 ? `${whole(-steps[now])} noise steps before data` : `step ${whole(steps[now])}`;
    scrubber.say(step);
    fill(
      networks.map(({ name, colour, at, ranks }) => [
        named(colour, name),
        ranks[now].toFixed(2),
        ...[0, count - 1].map((i) => (at ? at[now][i].toFixed(3) : "not kept")),
      ]),
    );
    const words = networks.map((s) => `${s.name} ${s.ranks[now].toFixed(2)}`).join(", ");
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
    ...sourceLine(model),
  );
  scrubber.go(apart.indexOf(Math.max(...apart)));
  return () => closing.abort();
}

export default { render };
