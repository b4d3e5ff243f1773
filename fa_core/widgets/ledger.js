// The two sides of FA's conservation law, for the readout or a hidden layer ("above") and the
// layer below it.
//
// With w the weights and biases of the layer below, dw their updates, and W and B those of the
// layer above, plain gradient descent keeps
//
//   <B, W - W(0)> / rate above  =  (|w|^2 - |w(0)|^2 - sum of |dw|^2) / (2 rate below):
//
// W moves along B, apart from the rates, exactly as far as the layer below grows beyond its random walk.

import { dot } from "./matrix.js";

export class Ledger {
  constructor(below, above) {
    Object.assign(this, { below, above, kept: { turned: 0, grown: 0, walked: 0 }, rates: null });
    this.weight = new Float64Array(above.weight.length);
  }

  /** Goes on at new rates; sums at the old ones are kept. At the first call the ledger begins. */
  open(rateBelow, rateAbove) {
    if (this.rates) {
      const { turned, grown, walked } = this.sums();
      this.kept = { turned, grown, walked };
    } else {
      this.length = Math.sqrt(dot(this.above.weight, this.above.weight));
    }
    this.rates = { below: rateBelow, above: rateAbove };
    this.weight.set(this.above.weight);
    this.square = this.squareBelow;
    this.walked = this.walkedBelow;
  }

  get squareBelow() {
    return dot(this.below.weight, this.below.weight) + dot(this.below.bias, this.below.bias);
  }

  get walkedBelow() {
    return this.below.weights.walked + this.below.biases.walked;
  }

  /**
   * Since the ledger began: `turned`, the law's left side, NaN where B has another shape than W;
   * `grown`, its right side; `walked`, the random walk taken off there, so that grown + walked is
   * the whole growth of |w|^2 in the same unit; `size`, |W| relative to its start.
   */
  sums() {
    const { above, kept, rates } = this;
    const turn = above.isAlignable ? dot(above.feedback, above.weight) - dot(above.feedback, this.weight) : NaN;
    const walk = this.walkedBelow - this.walked;
    return {
      turned: kept.turned + turn / rates.above,
      grown: kept.grown + (this.squareBelow - this.square - walk) / (2 * rates.below),
      walked: kept.walked + walk / (2 * rates.below),
      size: Math.sqrt(dot(above.weight, above.weight)) / this.length,
    };
  }
}
