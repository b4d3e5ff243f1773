// What trained networks read in one image, as bars.

import { unpack } from "./arrays.js";
import { drawBars, makeCanvas } from "./canvas.js";
import { COLOURS, element } from "./dom.js";
import { Network } from "./engine.js";

function readNetwork(layers) {
  const weights = layers.map(({ weight }) => unpack(weight));
  const sizes = [weights[0].shape[1], ...weights.map(({ shape }) => shape[0])];
  const network = new Network(sizes);
  network.layers.forEach((layer, l) => {
    layer.weight.set(weights[l].values);
    layer.bias.set(unpack(layers[l].bias).values);
  });
  return network;
}

/**
 * `networks`: [{name, layers}], as Python packs them. `read(x, label)` shows what they read in a
 * standardised image, right or wrong where it has a label, and returns that in words.
 */
export function buildReadouts(networks, signal) {
  const readers = networks.map(({ name, layers }, i) => {
    const network = readNetwork(layers);
    let readout = new Float64Array(network.classes);
    const title = element("div", { class: "wd-title" });
    const bars = makeCanvas("wd-canvas wd-short", "", (context, width, height, colours) => {
      const reference = { value: 1 / network.classes, text: "1/K" };
      const colour = colours[COLOURS[i]];
      drawBars(context, width, height, colours, { values: readout, top: 1, colour, reference });
    }, signal);

    function read(x, label) {
      readout = network.forward(x, 1);
      const answer = readout.indexOf(Math.max(...readout));
      const sure = `${(100 * readout[answer]).toFixed(1)} %`;
      const right = answer === label;
      const mark = label === null ? "" : right ? " ✓" : " ✗";
      title.textContent = `${name}: ${answer}, ${sure}${mark}`;
      bars.describe(`${name}: ${Array.from(readout, (p, k) => `${k} ${p.toFixed(3)}`).join(", ")}.`);
      bars.redraw();
      return `${name} reads ${answer} (${sure})${label === null || right ? "" : ", wrong"}`;
    }
    return { box: element("div", {}, title, bars.canvas), read };
  });
  return {
    boxes: readers.map(({ box }) => box),
    read: (x, label) => readers.map((reader) => reader.read(x, label)).join("; "),
  };
}
