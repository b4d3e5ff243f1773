// Reading a curve between its records, where it is taken as linear; `x` increases.

/** The index of the first record after `place`, and how far `place` lies on the way to it, 0 to 1. */
function locate(x, place) {
  const next = x.findIndex((value) => value > place);
  if (next < 0) return { next: x.length - 1, share: 1 };
  if (next === 0) return { next: 1, share: 0 };
  return { next, share: (place - x[next - 1]) / (x[next] - x[next - 1]) };
}

/** The value at a place; beyond the ends that of the end. */
export function interpolate(x, y, place) {
  const { next, share } = locate(x, place);
  return y[next - 1] + share * (y[next] - y[next - 1]);
}

/** The part of a curve up to a place. */
export function upTo(x, y, place) {
  const count = locate(x, place).next;
  const end = Math.min(place, x[x.length - 1]);
  return { x: [...x.slice(0, count), end], y: [...y.slice(0, count), interpolate(x, y, place)] };
}

/** Where a curve first reaches a level, as `steps_to` of fa_core.results has it; else Infinity. */
export function firstAbove(x, y, level) {
  const now = y.findIndex((value) => value >= level);
  if (now < 0) return Infinity;
  if (now === 0) return x[0];
  return x[now - 1] + ((level - y[now - 1]) / (y[now] - y[now - 1])) * (x[now] - x[now - 1]);
}

/** The middle of some numbers; Infinity when half of them are. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The range of some numbers, with room on both sides. */
export function widened(numbers) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const room = 0.08 * (high - low || 1);
  return [low - room, high + room];
}
