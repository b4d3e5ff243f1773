// Canvases that follow their box and the theme, and the kinds of figure drawn on them.

import { element, onThemeChange } from "./dom.js";
import { drawLabels, labelRoom } from "./line_labels.js";

const NAMES = ["ink", "soft", "line", "paper", "fa", "noise", "noisebp", "bp", "quiet", "accent"];

function readColours(canvas) {
  const style = getComputedStyle(canvas);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--wd-${name}`)]));
}

/**
 * A canvas as wide as its box (its height comes from the style sheet) that stays sharp on any
 * screen. `draw(context, width, height, colours)` runs at most once a frame, after `redraw()` or
 * when size or theme changed. `describe(text)` sets its text alternative.
 */
export function makeCanvas(className, label, draw, signal) {
  const canvas = element("canvas", { class: className, role: "img", "aria-label": label });
  const context = canvas.getContext("2d");
  let colours = null;
  let queued = false;

  function paint() {
    queued = false;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width === 0 || signal.aborted) return;
    const ratio = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    colours ??= readColours(canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, "Segoe UI", sans-serif';
    draw(context, width, height, colours);
  }

  function redraw() {
    if (queued) return;
    queued = true;
    requestAnimationFrame(paint);
  }

  const sizes = new ResizeObserver(redraw);
  sizes.observe(canvas);
  signal.addEventListener("abort", () => sizes.disconnect());
  onThemeChange(() => {
    colours = null;
    redraw();
  }, signal);
  return { canvas, redraw, describe: (text) => canvas.setAttribute("aria-label", text) };
}

/** Text that stays legible where a line runs through it. */
function haloText(context, colours, text, x, y) {
  context.lineWidth = 4;
  context.strokeStyle = colours.paper;
  context.fillStyle = colours.soft;
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

/** Round numbers, about `count` of them, that lie in [low, high]. */
export function niceTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / size - 1e-9); i * size <= high + 1e-9 * size; i++) ticks.push(i * size);
  return ticks;
}

/** A number with no more digits than its tick needs: 1000 becomes 1k. */
function tickText(value) {
  if (Math.abs(value) >= 1000) return `${+(value / 1000).toFixed(1)}k`;
  return `${+value.toPrecision(3)}`;
}

/**
 * Lines over steps. `series`: [{x, y, colour, dash, width, alpha, label}], x increasing, the label
 * written at the line's end; `x`, `y`:
 * [low, high]; `xTicks`: [[x, text]] in place of round numbers; `reference`: {value, text, left, below}, a dashed level line with its text above
 * or below its right or left end; `markers`: [{x, y, colour, radius}]; `divide`: {value, texts}, an upright line with a word
 * on either side. Returns the axes: places of values, the step at a place, the chart's upper and lower edge.
 */
export function drawLines(context, width, height, colours, { series, x, y, xTicks, reference, divide, markers = [] }) {
  const edge = width - Math.max(10, labelRoom(context, series));
  const box = { left: 38, right: edge, top: divide ? 14 : 8, bottom: height - 22 };
  const across = (value) => box.left + ((value - x[0]) / (x[1] - x[0])) * (box.right - box.left);
  const down = (value) => box.bottom - ((value - y[0]) / (y[1] - y[0])) * (box.bottom - box.top);

  context.lineWidth = 1;
  context.strokeStyle = colours.line;
  context.fillStyle = colours.soft;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of niceTicks(y[0], y[1], Math.max(2, height / 32))) {
    const level = Math.round(down(tick)) + 0.5;
    context.beginPath();
    context.moveTo(box.left, level);
    context.lineTo(box.right, level);
    context.stroke();
    context.fillText(tickText(tick), box.left - 6, level);
  }
  context.textBaseline = "top";
  const marks = xTicks ?? niceTicks(x[0], x[1], Math.max(2, width / 75)).map((tick) => [tick, tickText(tick)]);
  for (const [tick, text] of marks) {
    const place = across(tick);
    context.textAlign = place > box.right - 12 ? "right" : "center";
    context.fillText(text, Math.min(place, box.right), box.bottom + 7);
  }
  if (divide) {
    const place = Math.round(across(divide.value)) + 0.5;
    context.strokeStyle = colours.soft;
    context.beginPath();
    context.moveTo(place, box.top);
    context.lineTo(place, box.bottom);
    context.stroke();
    // A narrow right side has no room for its word, which then pushes the left one aside.
    const right = Math.min(place + 5, width - context.measureText(divide.texts[1]).width - 1);
    context.textAlign = "left";
    context.fillText(divide.texts[1], right, box.top - 6);
    context.textAlign = "right";
    context.fillText(divide.texts[0], Math.min(place - 5, right - 8), box.top - 6);
  }
  context.save();
  context.beginPath();
  context.rect(box.left - 2, box.top - 2, box.right - box.left + 4, box.bottom - box.top + 4);
  context.clip();
  context.lineJoin = "round";
  for (const line of series) {
    if (line.low) shadeBetween(context, line, across, down);
    context.strokeStyle = line.colour;
    context.lineWidth = line.width ?? 2;
    context.globalAlpha = line.alpha ?? 1;
    context.setLineDash(line.dash ?? []);
    context.beginPath();
    for (let i = 0; i < line.x.length; i++) context.lineTo(across(line.x[i]), down(line.y[i]));
    context.stroke();
  }
  context.restore();
  drawLabels(context, colours, series, box, across, down);
  if (reference && reference.value >= y[0] && reference.value <= y[1]) {
    context.strokeStyle = colours.soft;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(box.left, down(reference.value));
    context.lineTo(box.right, down(reference.value));
    context.stroke();
    context.setLineDash([]);
    context.textAlign = reference.left ? "left" : "right";
    const end = reference.left ? box.left + 4 : box.right;
    const level = down(reference.value);
    const below = reference.below || level < 16; // above, the figure's edge would cut it
    context.textBaseline = below ? "top" : "bottom";
    haloText(context, colours, reference.text, end, level + (below ? 4 : -2));
  }
  for (const marker of markers) {
    context.fillStyle = marker.colour;
    context.strokeStyle = colours.paper;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(across(marker.x), down(marker.y), marker.radius ?? 5.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
  const step = (place) => x[0] + ((place - box.left) / (box.right - box.left)) * (x[1] - x[0]);
  return { across, down, step, top: box.top, bottom: box.bottom };
}

/** A line's interval: `low` and `high`, as long as its x. */
function shadeBetween(context, { x, low, high, colour }, across, down) {
  context.beginPath();
  for (let i = 0; i < x.length; i++) context.lineTo(across(x[i]), down(low[i]));
  for (let i = x.length - 1; i >= 0; i--) context.lineTo(across(x[i]), down(high[i]));
  context.fillStyle = colour;
  context.globalAlpha = 0.2;
  context.fill();
}

/** One bar a class, from 0 to `top`, with the level 1/K dashed. */
export function drawBars(context, width, height, colours, { values, top, colour, reference }) {
  const box = { left: 38, right: width - 10, top: 8, bottom: height - 22 };
  const down = (value) => box.bottom - (Math.min(value, top) / top) * (box.bottom - box.top);
  const slot = (box.right - box.left) / values.length;
  context.fillStyle = colour;
  for (let k = 0; k < values.length; k++) {
    const level = down(values[k]);
    context.fillRect(box.left + (k + 0.16) * slot, level, 0.68 * slot, box.bottom - level);
  }
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(box.left, box.bottom + 0.5);
  context.lineTo(box.right, box.bottom + 0.5);
  context.stroke();
  context.fillStyle = colours.soft;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let k = 0; k < values.length; k++) {
    if (slot > 14) context.fillText(`${k}`, box.left + (k + 0.5) * slot, box.bottom + 7);
  }
  const level = Math.round(down(reference.value)) + 0.5;
  context.strokeStyle = colours.ink;
  context.setLineDash([4, 4]);
  context.beginPath();
  context.moveTo(box.left, level);
  context.lineTo(box.right, level);
  context.stroke();
  context.setLineDash([]);
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(reference.text, box.left - 6, level);
}

/** One dot a pair (across[i], up[i]) on equal axes from -reach to reach. */
export function drawScatter(context, width, height, colours, { across, up, reach, colour, names }) {
  const [cx, cy] = [width / 2, height / 2];
  const unit = (Math.min(width, height) / 2 - 14) / reach;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(8, cy);
  context.lineTo(width - 8, cy);
  context.moveTo(cx, 8);
  context.lineTo(cx, height - 8);
  context.stroke();
  context.fillStyle = colour;
  context.globalAlpha = 0.55;
  for (let i = 0; i < across.length; i++) {
    context.beginPath();
    context.arc(cx + across[i] * unit, cy - up[i] * unit, 2.4, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
  context.fillStyle = colours.soft;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText(names[0], width - 8, cy + 6);
  context.textAlign = "left";
  context.fillText(names[1], cx + 7, 8);
  return { cx, cy, unit };
}

/** 256 colours as ImageData stores them; `colourAt(share)` gives [r, g, b] for a share of 0 to 1. */
function makePalette(colourAt) {
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const [r, g, b] = colourAt(level / 255).map(Math.round);
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}

/** A cell for each value, row 0 on top, coloured by where it lies between low and high. */
function drawCells(context, width, height, { values, rows, cols }, low, high, palette) {
  const image = new ImageData(cols, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) {
    const share = (values[i] - low) / (high - low);
    pixels[i] = palette[Math.round(255 * Math.max(0, Math.min(1, share)))];
  }
  const cells = new OffscreenCanvas(cols, rows);
  cells.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, 0, 0, width, height);
}

/** An image, black at 0 and white at `white`, whatever the theme. */
export function drawGrey(context, width, height, colours, { white, ...image }) {
  const palette = makePalette((share) => [255 * share, 255 * share, 255 * share]);
  drawCells(context, width, height, image, 0, white, palette);
}
