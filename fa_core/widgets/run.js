// One run of the laboratory: networks from the same start, one of them on noise first.

import { Network } from "./engine.js";
import { NoiseGenerator, Random } from "./random.js";
import { transformImage } from "./transform.js";

const NETWORKS = ["fa", "noise", "bp"];
const PROBE = 256; // noise samples, never trained on, on which readouts and noise loss are taken
const RECORDS = 80; // of each phase
const SEEN = 8; // samples of the latest batch, to be shown

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
    mean,
    std,
    train: { x: x.subarray(0, end), y: y.subarray(0, at), count: trainSize },
    test: { x: x.subarray(end), y: y.subarray(at), count: labels.values.length - trainSize },
  };
}

function multiplyBy(matrix, factor) {
  for (let i = 0; i < matrix.length; i++) matrix[i] *= factor;
}

/** The test set with every square image turned counter-clockwise about its centre. */
function turned({ inputs, mean, std, test }, degrees) {
  if (degrees === 0) return test;
  const side = Math.sqrt(inputs);
  const pose = { degrees, scale: 1, right: 0, down: 0 };
  const pixels = test.x.map((value) => value * std + mean); // outside an image they are 0
  const x = new Float64Array(pixels.length);
  for (let at = 0; at < x.length; at += inputs) {
    transformImage(x.subarray(at, at + inputs), pixels.subarray(at, at + inputs), side, side, pose);
  }
  return { ...test, x: x.map((pixel) => (pixel - mean) / std) };
}

export class Run {
  /**
   * `rules`: what each rule's name stands for, as rules.as_data() of fa_core gives it. `scale`
   * multiplies the weights of the start; `quiet`, where not 1, those of the readout of a fourth
   * network, FA without noise; `turn` turns the test images. `records`: of each phase, about.
   */
  constructor(settings, data, rules, records = RECORDS) {
    const { inputs, classes } = data;
    const { hidden, depth, seed, batch, scale = 1, quiet = 1, turn = 0 } = settings;
    const sizes = [inputs, ...new Array(depth - 1).fill(hidden), classes];
    const start = new Network(sizes, rules.fa);
    start.initialise(new Random(seed, "init"));
    for (const { weight } of start.layers) multiplyBy(weight, scale);
    const ruleOf = { fa: "fa", noise: settings.rule, bp: "bp", quiet: "fa" };
    this.networks = {};
    for (const name of quiet === 1 ? NETWORKS : [...NETWORKS, "quiet"]) {
      const network = new Network(sizes, rules[ruleOf[name]], settings);
      network.initialise(new Random(seed, "feedback")); // kept where its shape is the rule's own
      network.copyFrom(start);
      if (name === "quiet") multiplyBy(network.layers[depth - 1].weight, quiet);
      const onNoise = name === "noise" && settings.noise > 0;
      network.begin(onNoise ? settings.noise_lr : settings.data_lr, settings.decay);
      this.networks[name] = network;
    }
    this.settings = settings;
    this.data = data;
    this.test = turned(data, turn);
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
    this.everyNoise = Math.max(1, Math.round(settings.noise / records));
    this.everyData = Math.max(1, Math.round(settings.data / records));
  }

  get done() {
    return this.now >= this.settings.data;
  }

  /** One update: of the noise network alone on noise, of all on the same data after it. */
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
    for (const name of Object.keys(this.networks)) this.update(name);
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
    const { test } = this;
    const rows = [];
    if (this.settings.noise > 0 && this.now <= 0) {
      const { noise } = this.networks;
      const { accuracy } = noise.evaluate(test.x, test.y, test.count);
      const { loss } = noise.evaluate(this.probe.x, this.probe.y, PROBE);
      rows.push(this.row("noise", "noise", { loss, accuracy }));
    }
    if (this.now >= 0) {
      for (const [name, network] of Object.entries(this.networks)) {
        rows.push(this.row("data", name, network.evaluate(test.x, test.y, test.count)));
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
      seen: this.seen,
    };
  }

  /** The first samples of the latest batch with their label probabilities; null before the first. */
  get seen() {
    const { inputs, classes } = this.data;
    if (this.now === -this.settings.noise) return null;
    const count = Math.min(SEEN, this.settings.batch);
    return { count, x: this.x.slice(0, count * inputs), y: this.y.slice(0, count * classes) };
  }
}
