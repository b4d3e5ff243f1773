// What networks trained together at one ratio of rates have recorded.

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Records of one ratio as curves over steps, with the lowest point of each mean curve. */
export class Trial {
  constructor(ratio, labels) {
    Object.assign(this, { ratio, labels, records: [], done: false });
  }

  get steps() {
    return this.records.map(({ step }) => step);
  }

  network(name, i) {
    return this.records.map((record) => record[name][i]);
  }

  mean(name) {
    return this.records.map((record) => mean(record[name]));
  }

  lowest(name) {
    const curve = this.mean(name);
    const value = Math.min(...curve);
    return { value, step: this.steps[curve.indexOf(value)] };
  }

  last(name) {
    return mean(this.records[this.records.length - 1][name]);
  }
}
