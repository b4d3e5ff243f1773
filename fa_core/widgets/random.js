// Random numbers that a seed decides: sfc32, normal numbers by the ziggurat, noise batches.

/** Turns a seed into well-mixed 32-bit words (splitmix32). */
function mixer(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return word ^ (word >>> 15);
  };
}

// The ziggurat's 128 layers of equal area under the normal density (Doornik 2005, ZIGNOR).
const LAYERS = 128;
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;
const EDGES = new Float64Array(LAYERS + 1);
const RATIOS = new Float64Array(LAYERS);
{
  let density = Math.exp(-0.5 * TAIL * TAIL);
  EDGES[0] = AREA / density;
  EDGES[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) {
    EDGES[i] = Math.sqrt(-2 * Math.log(AREA / EDGES[i - 1] + density));
    density = Math.exp(-0.5 * EDGES[i] * EDGES[i]);
  }
  for (let i = 0; i < LAYERS; i++) RATIOS[i] = EDGES[i + 1] / EDGES[i];
}

/** A stream of random numbers. Streams of different names are independent at the same seed. */
export class Random {
  constructor(seed, name) {
    const word = mixer(seed);
    const salt = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), 0x811c9dc5);
    this.a = word() ^ salt;
    this.b = word();
    this.c = word();
    this.counter = 1;
    for (let i = 0; i < 15; i++) this.bits(); // mixes the seed through the state
  }

  /** 32 random bits, as a signed integer (sfc32). */
  bits() {
    const result = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + result) | 0;
    return result;
  }

  /** Uniform in (0, 1). */
  uniform() {
    return ((this.bits() >>> 0) + 0.5) / 4294967296;
  }

  /** A whole number from 0 to count - 1. */
  below(count) {
    return Math.floor(this.uniform() * count);
  }

  normal() {
    for (;;) {
      const u = (this.bits() + 0.5) / 2147483648; // uniform in (-1, 1)
      const layer = this.bits() & (LAYERS - 1);
      if (Math.abs(u) < RATIOS[layer]) return u * EDGES[layer];
      if (layer === 0) return this.tail(u < 0);
      const x = u * EDGES[layer];
      const upper = Math.exp(-0.5 * (EDGES[layer] * EDGES[layer] - x * x));
      const lower = Math.exp(-0.5 * (EDGES[layer + 1] * EDGES[layer + 1] - x * x));
      if (lower + this.uniform() * (upper - lower) < 1) return x;
    }
  }

  tail(negative) {
    for (;;) {
      const x = Math.log(this.uniform()) / TAIL;
      const y = Math.log(this.uniform());
      if (-2 * y >= x * x) return negative ? x - TAIL : TAIL - x;
    }
  }

  /** 0 to count - 1 in random order (Fisher and Yates). */
  permutation(count) {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

// Each draws one number of mean 0 and variance 1.
const SAMPLERS = {
  gaussian: (random) => random.normal(),
  uniform: (random) => Math.sqrt(3) * (2 * random.uniform() - 1),
  bernoulli: (random) => (random.bits() < 0 ? -1 : 1),
};

/**
 * Fills `x` with noise of this mean and standard deviation, `y` [n, classes] with labels; `fixed`
 * is the class of all samples where labels are fixed.
 */
export class NoiseGenerator {
  constructor({ distribution, mean, std, labels }, classes, random, fixed = 0) {
    this.draw = SAMPLERS[distribution];
    Object.assign(this, { mean, std, labels, classes, random, fixed });
  }

  fill(x, y) {
    const { draw, mean, std, random, classes } = this;
    for (let i = 0; i < x.length; i++) x[i] = mean + std * draw(random);
    if (this.labels === "uniform") {
      y.fill(1 / classes);
      return;
    }
    y.fill(0);
    for (let row = 0; row < y.length; row += classes) {
      y[row + (this.labels === "fixed" ? this.fixed : random.below(classes))] = 1;
    }
  }
}
