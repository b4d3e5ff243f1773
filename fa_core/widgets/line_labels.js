// Names of lines, written where the lines end: no reader has to match colours with a legend.

const LEADER = 14; // pixels of the line's own colour and dash before its name
const APART = 15; // pixels between two names

const isNamed = (line) => line.label !== undefined;

/** How much room, in pixels, the names of lines need to the right of a figure. */
export function labelRoom(context, series) {
  const widths = series.filter(isNamed).map(({ label }) => context.measureText(label).width);
  return widths.length ? Math.max(...widths) + LEADER + 2 : 0;
}

/** Heights from top to bottom, none nearer to the one before than APART, all within the figure. */
function spread(heights, top, bottom) {
  const placed = [];
  for (const height of heights) placed.push(Math.max(height, top, (placed.at(-1) ?? -Infinity) + APART));
  for (let i = placed.length - 1, floor = bottom; i >= 0; i--, floor = placed[i + 1] - APART) {
    placed[i] = Math.min(placed[i], floor);
  }
  return placed;
}

/**
 * Writes the `label` of each line that has one beside its last point. Names of lines that end
 * together keep the order of the lines; a line that stops inside the figure has its name below.
 * `across` and `down` turn values into pixels of the figure's `box`.
 */
export function drawLabels(context, colours, series, box, across, down) {
  const ends = new Map();
  for (const line of series.filter(isNamed)) {
    const [x, y] = [across(line.x[line.x.length - 1]), down(line.y[line.y.length - 1])];
    ends.set(Math.round(x), [...(ends.get(Math.round(x)) ?? []), { line, x, y }]);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = 2;
  for (const group of ends.values()) {
    const below = group[0].x < box.right - 1 ? APART : 0;
    group.sort((a, b) => a.y - b.y);
    const lowest = group.at(-1).y + below;
    const heights = spread(group.map(({ y }) => (below ? lowest : y)), box.top + 2, box.bottom - 4);
    group.forEach(({ line, x, y }, i) => {
      context.strokeStyle = line.colour;
      context.setLineDash(line.dash ?? []);
      context.beginPath();
      context.moveTo(x, below ? heights[i] : y);
      context.lineTo(x + LEADER - 3, heights[i]);
      context.stroke();
      context.setLineDash([]);
      context.lineWidth = 4;
      context.strokeStyle = colours.paper;
      context.strokeText(line.label, x + LEADER, heights[i]);
      context.lineWidth = 2;
      context.fillStyle = colours.ink;
      context.fillText(line.label, x + LEADER, heights[i]);
    });
  }
}
