// A run of the laboratory as columns, and what its networks and numbers are called.

const LINES = [
  { name: "fa", text: () => "FA", colour: () => "fa" },
  {
    name: "noise",
    text: ({ rule }) => `Noise, then ${rule.toUpperCase()}`,
    colour: ({ rule }) => (rule === "bp" ? "noisebp" : "noise"),
  },
  { name: "bp", text: () => "BP", colour: () => "bp" },
  { name: "quiet", text: ({ quiet, depth }) => `FA, W${subscript(depth)} × ${quiet}`, colour: () => "quiet" },
];

/** The networks of a run. Names and colours are the book's. */
export const linesOf = ({ quiet }) => LINES.filter(({ name }) => name !== "quiet" || quiet !== 1);

export const degrees = (angle) => (Number.isFinite(angle) ? `${angle.toFixed(1)}°` : "–");
export const subscript = (number) => String.fromCharCode(0x2080 + number);

/** Column of the angle that the settings ask for: class-centred where the layer has classes. */
export const angleColumn = ({ angle, depth }, layer) =>
  angle === "centred" && layer === depth ? "centred_angle" : `angle_${layer}`;

/** Recorded rows by network and phase, as columns: columns.noise.data.loss is a list. */
export class Columns {
  constructor() {
    this.rows = [];
    for (const { name } of LINES) this[name] = { noise: {}, data: {} };
  }

  add(row) {
    this.rows.push(row);
    const columns = this[row.network][row.phase];
    for (const [column, value] of Object.entries(row)) (columns[column] ??= []).push(value);
  }

  /** Whether anything was trained. */
  get begun() {
    return this.rows.some(({ step }) => step !== this.rows[0].step);
  }

  /** All recorded steps. */
  get steps() {
    return [...new Set(this.rows.map(({ step }) => step))];
  }

  /** A network's row at a step, or the last before it; without a step its latest. */
  at(name, step) {
    return this.rows.findLast((row) => row.network === name && row.step <= (step ?? Infinity));
  }

  /** First recorded data step at which test accuracy reached a level. */
  reached(name, level) {
    const { step = [], accuracy = [] } = this[name].data;
    return step[accuracy.findIndex((value) => value >= level)];
  }
}
