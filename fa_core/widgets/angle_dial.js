// A dial for the angle between W2 and B2.

/** B2 as an arrow to the right, W2 as an arrow at its angle to it. */
export function drawAngleDial(context, width, height, colours, degrees) {
  const [cx, cy] = [width / 2, height - 14];
  const radius = Math.min(width / 2 - 24, height - 30);
  const arrow = (turn, colour, name) => {
    const [x, y] = [cx + radius * Math.cos(turn), cy - radius * Math.sin(turn)];
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(cx, cy);
    context.lineTo(x, y);
    context.stroke();
    context.beginPath();
    context.moveTo(x + 3 * Math.cos(turn), y - 3 * Math.sin(turn));
    for (const side of [2.6, -2.6]) {
      context.lineTo(x + 9 * Math.cos(turn + side), y - 9 * Math.sin(turn + side));
    }
    context.fill();
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(name, cx + (radius + 15) * Math.cos(turn), cy - (radius + 13) * Math.sin(turn));
  };
  const turn = (degrees * Math.PI) / 180;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(cx, cy, radius, Math.PI, 0);
  context.moveTo(cx, cy);
  context.lineTo(cx, cy - radius);
  context.stroke();
  context.fillStyle = colours.noise;
  context.globalAlpha = 0.18;
  context.beginPath();
  context.moveTo(cx, cy);
  context.arc(cx, cy, 0.5 * radius, -turn, 0);
  context.fill();
  context.globalAlpha = 1;
  arrow(0, colours.soft, "B₂");
  arrow(turn, colours.noise, "W₂");
}
