// What came of the starts that were trained, and what is read between them.

import { unpack } from "./arrays.js";

/** The two of `values`, a sorted list, next to `value`: [[index, share], ...]; one where it is met. */
function around(values, value) {
  const i = values.findIndex((_, k) => (value - values[k]) * (value - values[k + 1]) <= 0);
  const share = (value - values[i]) / (values[i + 1] - values[i]);
  return [[i, 1 - share], [i + 1, share]].filter(([, part]) => part > 0);
}

/** `read([[start, share], ...])` mixes what was packed of these starts, metric by metric. */
function makeReader(packed) {
  const metrics = Object.entries(packed).map(([name, array]) => {
    const { shape, values } = unpack(array);
    return { name, values, size: values.length / shape[0] };
  });
  return (mix) =>
    Object.fromEntries(
      metrics.map(({ name, values, size }) => {
        const mixed = new Float64Array(size);
        for (const [start, share] of mix) {
          for (let i = 0; i < size; i++) mixed[i] += share * values[start * size + i];
        }
        return [name, mixed];
      }),
    );
}

/**
 * Readings by place. `at(set, noisy, norm, angle)` interpolates between up to four starts; it has
 * accuracy (means over the steps, then half-widths), area and steps ([mean, half-width]), reached
 * ([share]) and whether that start was itself trained. `noise(set)` has the same of noise.
 */
export function makeGrid(model) {
  const [norms, angles] = [model.get("norms"), model.get("angles")];
  const [readStart, readNoise] = [makeReader(model.get("starts")), makeReader(model.get("noise"))];

  function at(set, noisy, norm, angle) {
    const first = (set * 2 + noisy) * norms.length * angles.length;
    const turned = norm === 0 ? angles[0] : angle; // a W2 of zero has no angle
    const mix = around(norms, norm).flatMap(([n, across]) =>
      around(angles, turned).map(([a, up]) => [first + n * angles.length + a, across * up]),
    );
    return { ...readStart(mix), measured: mix.length === 1 };
  }
  /** Areas over the plane, row by row: norms go up to the right, angles down from the top. */
  function areas(set, noisy, rows, cols) {
    const inside = (values, share) => values[0] + share * (values[values.length - 1] - values[0]);
    return Array.from({ length: rows * cols }, (_, i) => {
      const [right, down] = [((i % cols) + 0.5) / cols, (Math.floor(i / cols) + 0.5) / rows];
      return at(set, noisy, inside(norms, right), inside(angles, 1 - down)).area[0];
    });
  }
  return { at, areas, noise: (set) => readNoise([[set, 1]]) };
}
