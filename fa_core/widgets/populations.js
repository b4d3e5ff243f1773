// Populations of trained networks that read images in the page.

import { unpack } from "./arrays.js";
import { Network } from "./engine.js";

/** The place of the largest of `count` values from `start` on. */
function largest(values, start, count) {
  let top = 0;
  for (let k = 1; k < count; k++) if (values[start + k] > values[start + top]) top = k;
  return top;
}

/**
 * Networks of one kind, as Python packs them: weights [network, out, in] and biases [network, out]
 * of each layer. One network in memory takes the weights of each in turn.
 */
export class Population {
  constructor({ name, layers }, colour) {
    const weights = layers.map(({ weight }) => unpack(weight));
    const biases = layers.map(({ bias }) => unpack(bias).values);
    const [size, , inputs] = weights[0].shape;
    const network = new Network([inputs, ...weights.map(({ shape }) => shape[1])]);
    const part = (values, n) => values.subarray((n * values.length) / size, ((n + 1) * values.length) / size);
    this.take = (n) => {
      network.layers.forEach((layer, l) => {
        layer.weight.set(part(weights[l].values, n));
        layer.bias.set(part(biases[l], n));
      });
      return network;
    };
    Object.assign(this, { name, colour, size, classes: network.classes });
  }

  /** What the networks read in one standardised image: mean readout, and how many name each class. */
  read(x) {
    const [mean, votes] = [0, 0].map(() => new Array(this.classes).fill(0));
    for (let n = 0; n < this.size; n++) {
      const readout = this.take(n).forward(x, 1);
      votes[largest(readout, 0, this.classes)] += 1;
      for (let k = 0; k < this.classes; k++) mean[k] += readout[k] / this.size;
    }
    return { mean, votes, answer: largest(votes, 0, this.classes) };
  }

  /** Accuracy of each network on standardised images [count, pixels]. */
  accuracies(x, labels) {
    return Array.from({ length: this.size }, (_, n) => {
      const readouts = this.take(n).forward(x, labels.length);
      let right = 0;
      labels.forEach((label, i) => (right += largest(readouts, i * this.classes, this.classes) === label));
      return right / labels.length;
    });
  }
}

/**
 * Measures the accuracy of populations on images that change: `ask()` wants it for the images that
 * `prepare()` then gives. One population a frame, so that the page stays quick; what is asked
 * meanwhile is measured next. `tell(accuracies, settled)` hears one row of numbers a population, and
 * whether nothing else was asked since.
 */
export function makeMeter(populations, labels, prepare, tell, signal) {
  let [wanted, running] = [false, false];

  function start() {
    [wanted, running] = [false, true];
    const x = prepare();
    const found = [];
    const next = () => {
      if (signal.aborted) return;
      found.push(populations[found.length].accuracies(x, labels));
      if (found.length < populations.length) {
        requestAnimationFrame(next);
        return;
      }
      running = false;
      tell(found, !wanted);
      if (wanted) start();
    };
    requestAnimationFrame(next);
  }

  return function ask() {
    wanted = true;
    if (!running) start();
  };
}
