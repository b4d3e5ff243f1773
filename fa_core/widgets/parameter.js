// What training changes: a parameter with its gradient, and the optimisers that move it.

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** A parameter with its gradient, which may be another's, and what its optimiser remembers. */
export class Parameter {
  constructor(size, gradient = new Float64Array(size)) {
    this.value = new Float64Array(size);
    this.gradient = gradient;
    this.first = new Float64Array(size);
    this.second = new Float64Array(size);
    this.walked = 0; // sum over all updates of their squared length
  }

  /** AdamW (Loshchilov & Hutter 2019; Adam where `decay` is 0), update number `t` from 1. */
  adam(rate, decay, t) {
    const { value, gradient, first, second } = this;
    const size = rate / (1 - BETA1 ** t);
    const scale = 1 / Math.sqrt(1 - BETA2 ** t);
    const lost = rate * decay;
    let walked = 0;
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i];
      const m = (first[i] = BETA1 * first[i] + (1 - BETA1) * g);
      const v = (second[i] = BETA2 * second[i] + (1 - BETA2) * g * g);
      const change = lost * value[i] + (size * m) / (Math.sqrt(v) * scale + EPSILON);
      value[i] -= change;
      walked += change * change;
    }
    this.walked += walked;
  }

  /** Plain gradient descent, without momentum. */
  sgd(rate, decay) {
    const { value, gradient } = this;
    let walked = 0;
    for (let i = 0; i < value.length; i++) {
      const change = rate * (gradient[i] + decay * value[i]);
      value[i] -= change;
      walked += change * change;
    }
    this.walked += walked;
  }

  /** Forgets Adam's running means. */
  restart() {
    this.first.fill(0);
    this.second.fill(0);
  }
}
