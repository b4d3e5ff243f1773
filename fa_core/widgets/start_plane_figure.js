// The plane of starts: the norm of W2 across, its angle to B2 up, the aligned ones on top.

export const [COLS, ROWS] = [48, 36]; // of the shading

/** Places of norms and angles on a canvas, and back. */
export function planeAxes(width, height, norms, angles) {
  const box = { left: 38, right: width - 14, top: 14, bottom: height - 26 };
  const [most, least, best] = [norms[norms.length - 1], angles[0], angles[angles.length - 1]];
  const [wide, tall] = [box.right - box.left, box.bottom - box.top];
  return {
    box,
    across: (norm) => box.left + (norm / most) * wide,
    down: (angle) => box.top + ((angle - best) / (least - best)) * tall,
    norm: (x) => ((x - box.left) / wide) * most,
    angle: (y) => best + ((y - box.top) / tall) * (least - best),
  };
}

function disc(context, x, y, radius, fill, edge, width) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = width;
  context.stroke();
}

function star(context, x, y, radius, fill, edge) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const [reach, turn] = [i % 2 ? 0.45 * radius : radius, (i * Math.PI) / 5];
    context.lineTo(x + reach * Math.sin(turn), y - reach * Math.cos(turn));
  }
  context.closePath();
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = edge;
  context.stroke();
  context.fillStyle = fill;
  context.fill();
}

/**
 * `shade`: ROWS by COLS shares from 0 to 1, row 0 on top; `noise` and `chosen`: {norm, angle}.
 * W2 = 0 is one start for all angles: an edge.
 */
export function drawPlane(context, axes, colours, { norms, angles, shade, noise, chosen }) {
  const { box, across, down } = axes;
  const column = (c) => Math.round(box.left + (c / COLS) * (box.right - box.left));
  const row = (r) => Math.round(box.top + (r / ROWS) * (box.bottom - box.top));
  context.fillStyle = colours.soft;
  for (let i = 0; i < shade.length; i++) {
    const [r, c] = [Math.floor(i / COLS), i % COLS];
    context.globalAlpha = 0.7 * shade[i];
    context.fillRect(column(c), row(r), column(c + 1) - column(c), row(r + 1) - row(r));
  }
  context.globalAlpha = 1;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);

  context.fillStyle = colours.soft;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const angle of angles) context.fillText(`${angle}°`, box.left - 8, down(angle));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const norm of norms) context.fillText(`${norm}`, across(norm), box.bottom + 10);

  context.fillStyle = colours.quiet;
  context.fillRect(across(0) - 3, box.top, 6, box.bottom - box.top);
  for (const norm of norms.filter((value) => value > 0)) {
    for (const angle of angles) disc(context, across(norm), down(angle), 3.5, colours.paper, colours.ink, 1.2);
  }
  const [usual, drawn] = [across(norms[norms.length - 1]), down(angles[0])];
  disc(context, usual, drawn, 6, colours.fa, colours.paper, 2);
  star(context, across(noise.norm), down(noise.angle), 9, colours.noise, colours.paper);
  disc(context, across(chosen.norm), down(chosen.angle), 9, "transparent", colours.paper, 7);
  disc(context, across(chosen.norm), down(chosen.angle), 9, "transparent", colours.ink, 3);
}
