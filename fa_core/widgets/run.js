// One run of the laboratory: three networks from the same start, one of them on noise first.

import { Network } from "./engine.js";
import { NoiseGenerator, Random } from "./random.js";

const NETWORKS = ["fa", "noise", "bp"];
const PROBE = 256; // noise samples, never trained on, on which readouts and noise loss are taken
const RECORDS = 80; // of each phase

/** Images standardised by the train set's mean and standard deviation; labels as one-hot rows. */
export function prepareData({ images, labels, trainSize, classes }) {
  const inputs = images.shape[1];
  const pixels = images.values;
  const end = trainSize * inputs;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < end; i++) {
    sum += pixels[i];
    squares += pixels[i] * pixels[i];
  }
  const mean = sum / end;
  const std = Math.sqrt(squares / end - mean * mean);
  const x = Float64Array.from(pixels, (pixel) => (pixel - mean) / std);
  const y = new Float64Array(labels.values.length * classes);
  labels.values.forEach((label, n) => (y[n * classes + label] = 1));
  const at = trainSize * classes;
  return {
    inputs,
    classes,
    train: { x: x.subarray(0, end), y: y.subarray(0, at), count: trainSize },
    test: { x: x.subarray(end), y: y.subarray(at), count: labels.values.length - trainSize },
  };
}

export class Run {
  /** `rules`: what each rule's name stands for, as rules.as_data() of fa_core gives it. */
  constructor(settings, data, rules) {
    const { inputs, classes } = data;
    const { hidden, depth, seed, batch } = settings;
    const sizes = [inputs, ...new Array(depth - 1).fill(hidden), classes];
    const start = new Network(sizes, rules.fa);
    start.initialise(new Random(seed, "init"));
    this.networks = {};
    for (const name of NETWORKS) {
      const network = new Network(sizes, rules[name === "noise" ? settings.rule : name], settings);
      network.initialise(new Random(seed, "feedback")); // kept where its shape is the rule's own
      network.copyFrom(start);
      const onNoise = name === "noise" && settings.noise > 0;
      network.begin(onNoise ? settings.noise_lr : settings.data_lr, settings.decay);
      this.networks[name] = network;
    }
    this.settings = settings;
    this.data = data;
    const fixed = new Random(seed, "fixed-class").below(classes);
    const source = (name) => new NoiseGenerator(settings, classes, new Random(seed, name), fixed);
    this.noise = source("noise");
    this.probe = { x: new Float64Array(PROBE * inputs), y: new Float64Array(PROBE * classes) };
    source("probe").fill(this.probe.x, this.probe.y);
    this.order = new Random(seed, "order");
    this.queue = [];
    this.x = new Float64Array(batch * inputs);
    this.y = new Float64Array(batch * classes);
    this.now = -settings.noise; // counts data steps, so noise steps are negative
    this.everyNoise = Math.max(1, Math.round(settings.noise / RECORDS));
    this.everyData = Math.max(1, Math.round(settings.data / RECORDS));
  }

  get done() {
    return this.now >= this.settings.data;
  }

  /** One update: of the noise network alone on noise, of all three on the same data after it. */
  advance() {
    const { batch, data_lr, decay } = this.settings;
    if (this.now < 0) {
      this.noise.fill(this.x, this.y);
      this.update("noise");
      this.now += 1;
      if (this.now === 0) this.networks.noise.begin(data_lr, decay);
      return;
    }
    this.nextBatch(batch);
    for (const name of NETWORKS) this.update(name);
    this.now += 1;
  }

  update(name) {
    const loss = this.networks[name].step(this.x, this.y, this.settings.batch);
    if (!Number.isFinite(loss)) throw new RangeError(`the loss of ${name} is no longer finite`);
  }

  /** The next images in an order drawn anew each epoch; an incomplete last batch is left out. */
  nextBatch(batch) {
    const { inputs, classes, train } = this.data;
    if (this.queue.length < batch) this.queue = this.order.permutation(train.count);
    for (let n = 0; n < batch; n++) {
      const image = this.queue[n];
      this.x.set(train.x.subarray(image * inputs, (image + 1) * inputs), n * inputs);
      this.y.set(train.y.subarray(image * classes, (image + 1) * classes), n * classes);
    }
    this.queue = this.queue.subarray(batch);
  }

  /** Whether this step is one of those at which the curves are recorded. */
  get recorded() {
    if (this.now < 0) return (this.now + this.settings.noise) % this.everyNoise === 0;
    return this.now % this.everyData === 0 || this.done;
  }

  /** Rows of the curves at this step. When noise ends, its last row and the data's first are made. */
  record() {
    const { test } = this.data;
    const rows = [];
    if (this.settings.noise > 0 && this.now <= 0) {
      const { noise } = this.networks;
      const { accuracy } = noise.evaluate(test.x, test.y, test.count);
      const { loss } = noise.evaluate(this.probe.x, this.probe.y, PROBE);
      rows.push(this.row("noise", "noise", { loss, accuracy }));
    }
    if (this.now >= 0) {
      for (const name of NETWORKS) {
        rows.push(this.row("data", name, this.networks[name].evaluate(test.x, test.y, test.count)));
      }
    }
    return rows;
  }

  row(phase, network, { loss, accuracy }) {
    const { angles, ranks, centredAngle } = this.networks[network].geometry();
    const row = { phase, step: this.now, network, loss, accuracy };
    angles.forEach((value, l) => (row[`angle_${l + 2}`] = value));
    row.centred_angle = centredAngle;
    ranks.forEach((value, l) => (row[`rank_${l + 2}`] = value));
    this.networks[network].ledgers.forEach((ledger, l) => {
      for (const [name, value] of Object.entries(ledger.sums())) row[`${name}_${l + 2}`] = value;
    });
    return row;
  }

  /** What the page shows of one network's layer between records. */
  look(name, layerNumber) {
    const network = this.networks[name];
    const layer = network.layers[Math.min(layerNumber, network.layers.length) - 1];
    const { readout } = network.evaluate(this.probe.x, this.probe.y, PROBE);
    return {
      step: this.now,
      weight: { values: Float32Array.from(layer.weight), rows: layer.outputs, cols: layer.inputs },
      feedback: { values: Float32Array.from(layer.feedback), rows: layer.sent, cols: layer.inputs },
      angle: layer.angle,
      readout,
    };
  }
}
