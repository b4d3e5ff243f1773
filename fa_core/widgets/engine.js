// A fully connected ReLU network that trains in the page, with the mathematics of fa_core.
//
// Index legend: n sample, i input unit, o output unit. Matrices are flat and row-major: activity
// [n, units], weights [o, i], feedback [units of the error it carries, i]. All buffers are made
// once: a step allocates nothing.
//
// A rule is data, as rules.as_data() of fa_core gives it: `through` ("weight" or "feedback") names
// the matrix that carries an error down, `source` ("delta" or "error") that error, the layer's own
// or the one at the logits; `follows` says whether the feedback takes the weight's updates.

import { Ledger } from "./ledger.js";
import { angle, centred, effectiveRank, multiply } from "./matrix.js";
import { Parameter } from "./parameter.js";

class Layer {
  /** `sent`: units of the error that the feedback carries down. */
  constructor(inputs, outputs, sent, follows) {
    Object.assign(this, { inputs, outputs, sent });
    this.weights = new Parameter(outputs * inputs);
    this.biases = new Parameter(outputs);
    this.learned = [this.weights, this.biases];
    if (follows) {
      const feedbacks = new Parameter(sent * inputs, this.weights.gradient);
      this.feedback = feedbacks.value;
      this.learned.push(feedbacks);
    } else {
      this.feedback = new Float64Array(sent * inputs);
    }
  }

  get weight() {
    return this.weights.value;
  }

  get bias() {
    return this.biases.value;
  }

  /** Whether B has the shape of W, and so an angle to it. */
  get isAlignable() {
    return this.sent === this.outputs;
  }

  /** Between W and B in degrees, or NaN. */
  get angle() {
    return this.isAlignable ? angle(this.weight, this.feedback) : NaN;
  }

  /** Between W and B less their mean over output units, the classes of a readout. */
  get centredAngle() {
    if (!this.isAlignable) return NaN;
    return angle(...[this.weight, this.feedback].map((m) => centred(m, this.outputs, this.inputs)));
  }
}

export class Network {
  /**
   * `sizes`: units of each layer, input first; one that only reads needs no rule. Weights are 0.
   * `ratio`: rate of the hidden layers over that of the readout, at a fixed product.
   */
  constructor(sizes, rule = {}, { optimiser = "adam", ratio = 1 } = {}) {
    Object.assign(this, { sizes, rule, optimiser });
    this.rateFactors = sizes.slice(1).map((_, l) => (l < sizes.length - 2 ? Math.sqrt(ratio) : 1 / Math.sqrt(ratio)));
    this.classes = sizes[sizes.length - 1];
    this.layers = sizes.slice(1).map((outputs, l) => {
      const sent = rule.source === "error" ? this.classes : outputs;
      return new Layer(sizes[l], outputs, sent, rule.follows);
    });
    this.ledgers = this.layers.slice(1).map((above, l) => new Ledger(this.layers[l], above));
    this.buffers = new Map();
  }

  /** Draws W and B independently from N(0, 2 / inputs); biases are 0. */
  initialise(random) {
    for (const layer of this.layers) {
      const std = Math.sqrt(2 / layer.inputs);
      for (const matrix of [layer.weight, layer.feedback]) {
        for (let i = 0; i < matrix.length; i++) matrix[i] = std * random.normal();
      }
      layer.bias.fill(0);
    }
  }

  /** Takes another network's weights and biases, and its feedback where that has the same shape. */
  copyFrom(other) {
    this.layers.forEach((layer, l) => {
      layer.weight.set(other.layers[l].weight);
      layer.bias.set(other.layers[l].bias);
      if (layer.sent === other.layers[l].sent) layer.feedback.set(other.layers[l].feedback);
    });
  }

  /**
   * Begins a phase of training, with an optimiser that starts anew. `rate` goes to each layer times
   * its factor; `decay` is decoupled weight decay of all that learns.
   */
  begin(rate, decay = 0) {
    this.rates = this.rateFactors.map((factor) => rate * factor);
    this.decay = decay;
    this.updates = 0;
    for (const { learned } of this.layers) for (const parameter of learned) parameter.restart();
    this.ledgers.forEach((ledger, l) => ledger.open(this.rates[l], this.rates[l + 1]));
  }

  /** Activity and error of every layer, for batches of n samples. */
  buffersFor(n) {
    if (!this.buffers.has(n)) {
      const make = (units) => new Float64Array(n * units);
      const outputs = this.sizes.slice(1);
      this.buffers.set(n, { activity: outputs.map(make), errors: outputs.map(make) });
    }
    return this.buffers.get(n);
  }

  /** Readout probabilities [n, classes] of inputs [n, i]. */
  forward(x, n) {
    const { activity } = this.buffersFor(n);
    let input = x;
    this.layers.forEach(({ weight, bias, inputs, outputs }, l) => {
      const z = activity[l];
      multiply(z, n, outputs, inputs, input, inputs, 1, weight, inputs, 1);
      const floor = l < this.layers.length - 1 ? 0 : -Infinity; // ReLU, but not of the logits
      for (let at = 0, o = 0; at < z.length; at++) {
        const sum = z[at] + bias[o];
        z[at] = Math.max(sum, floor);
        if (++o === outputs) o = 0;
      }
      input = z;
    });
    softmax(input, this.classes);
    return input;
  }

  /** One update on inputs x [n, i] and label probabilities y [n, classes]; returns the loss before it. */
  step(x, y, n) {
    const { activity, errors } = this.buffersFor(n);
    const p = this.forward(x, n);
    const top = this.layers.length - 1;
    for (let at = 0; at < p.length; at++) errors[top][at] = (p[at] - y[at]) / n;
    for (let l = top; l > 0; l--) {
      const { inputs, sent } = this.layers[l];
      const error = errors[l - 1];
      const above = errors[this.rule.source === "error" ? top : l];
      const carrier = this.layers[l][this.rule.through];
      multiply(error, n, inputs, sent, above, sent, 1, carrier, 1, inputs);
      const active = activity[l - 1];
      // A product in place of a branch: which units are active, no processor guesses.
      for (let at = 0; at < error.length; at++) error[at] *= Number(active[at] > 0);
    }
    this.updates += 1;
    this.layers.forEach(({ weights, biases, learned, inputs, outputs }, l) => {
      const input = l === 0 ? x : activity[l - 1];
      multiply(weights.gradient, outputs, inputs, n, errors[l], 1, outputs, input, 1, inputs);
      biases.gradient.fill(0);
      for (let at = 0, o = 0; at < errors[l].length; at++) {
        biases.gradient[o] += errors[l][at];
        if (++o === outputs) o = 0;
      }
      for (const parameter of learned) parameter[this.optimiser](this.rates[l], this.decay, this.updates);
    });
    return crossEntropy(p, y, n);
  }

  /** Loss, accuracy and mean readouts on a labelled set. */
  evaluate(x, y, n) {
    const p = this.forward(x, n);
    const readout = new Array(this.classes).fill(0);
    let right = 0;
    for (let row = 0; row < p.length; row += this.classes) {
      let [chosen, wanted] = [0, 0];
      for (let k = 0; k < this.classes; k++) {
        readout[k] += p[row + k] / n;
        if (p[row + k] > p[row + chosen]) chosen = k;
        if (y[row + k] > y[row + wanted]) wanted = k;
      }
      right += chosen === wanted;
    }
    return { loss: crossEntropy(p, y, n), accuracy: right / n, readout };
  }

  /** Angle and rank of each layer whose feedback carries an error, class-centred angle of the readout. */
  geometry() {
    const upper = this.layers.slice(1);
    return {
      angles: upper.map((layer) => layer.angle),
      ranks: upper.map((layer) => effectiveRank(layer.weight, layer.outputs, layer.inputs)),
      centredAngle: upper[upper.length - 1].centredAngle,
    };
  }
}

/** Turns rows of logits into probabilities, in place. */
function softmax(z, classes) {
  for (let row = 0; row < z.length; row += classes) {
    let top = -Infinity;
    for (let k = 0; k < classes; k++) top = Math.max(top, z[row + k]);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += z[row + k] = Math.exp(z[row + k] - top);
    for (let k = 0; k < classes; k++) z[row + k] /= sum;
  }
}

/** Mean cross-entropy in nats; a probability of 0 counts as the smallest number there is. */
function crossEntropy(p, y, n) {
  let sum = 0;
  for (let at = 0; at < p.length; at++) {
    if (y[at] !== 0) sum -= y[at] * Math.log(Math.max(p[at], Number.MIN_VALUE));
  }
  return sum / n;
}
