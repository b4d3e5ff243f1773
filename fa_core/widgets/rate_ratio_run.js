// Networks 64-h-10 that train on noise by feedback alignment and plain SGD, at one ratio of rates.

import { Network } from "./engine.js";
import { NoiseGenerator, Random } from "./random.js";

const [INPUTS, CLASSES] = [64, 10];
const NOISE = { distribution: "gaussian", mean: 0, std: 1 };
const RECORDS = 80;

export class RateRatioRun {
  /** `rule`: what "fa" stands for, as rules.as_data() of fa_core gives it. */
  constructor({ ratio, labels, networks, steps, rate, hidden, batch, seed }, rule) {
    Object.assign(this, { steps, batch, now: 0, every: Math.max(1, Math.round(steps / RECORDS)) });
    this.x = new Float64Array(batch * INPUTS);
    this.y = new Float64Array(batch * CLASSES);
    this.members = Array.from({ length: networks }, (_, i) => {
      const network = new Network([INPUTS, hidden, CLASSES], rule, { optimiser: "sgd", ratio });
      network.initialise(new Random(seed + i, "init"));
      network.begin(rate);
      const noise = new NoiseGenerator({ ...NOISE, labels }, CLASSES, new Random(seed + i, "noise"));
      return { network, noise };
    });
  }

  get done() {
    return this.now >= this.steps;
  }

  get recorded() {
    return this.now % this.every === 0 || this.done;
  }

  /** One update of every network, each on noise of its own. */
  advance() {
    for (const { network, noise } of this.members) {
      noise.fill(this.x, this.y);
      if (!Number.isFinite(network.step(this.x, this.y, this.batch))) {
        throw new RangeError(`the loss is no longer finite at step ${this.now}`);
      }
    }
    this.now += 1;
  }

  /** Angles of each network's readout, and both sides of its ledger, at this step. */
  record() {
    const readouts = this.members.map(({ network }) => network.layers[1]);
    const sums = this.members.map(({ network }) => network.ledgers[0].sums());
    return {
      step: this.now,
      raw: readouts.map((layer) => layer.angle),
      centred: readouts.map((layer) => layer.centredAngle),
      turned: sums.map(({ turned }) => turned),
      grown: sums.map(({ grown }) => grown),
    };
  }
}
