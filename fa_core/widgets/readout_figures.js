// Accuracies of populations of networks as dots, their readouts as bars.

export const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** One row a population from 0 to 100 %: a dot a network, a bar at the mean, a ring at `before`. */
export function drawAccuracies(context, width, height, colours, rows) {
  context.font = '12px system-ui, "Segoe UI", sans-serif';
  const names = Math.max(...rows.map(({ name }) => context.measureText(name).width));
  const box = { left: names + 12, right: width - 22, bottom: height - 22 };
  const across = (share) => box.left + share * (box.right - box.left);
  const slot = box.bottom / rows.length;
  context.lineWidth = 1;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    context.strokeStyle = colours.line;
    context.beginPath();
    context.moveTo(across(share), 0);
    context.lineTo(across(share), box.bottom);
    context.stroke();
    context.fillStyle = colours.soft;
    context.fillText(`${100 * share} %`, across(share), box.bottom + 6);
  }
  context.textBaseline = "middle";
  context.textAlign = "left";
  rows.forEach(({ name, colour, accuracies, before }, row) => {
    const level = (row + 0.5) * slot;
    context.fillStyle = colours.ink;
    context.fillText(name, 0, level);
    context.fillStyle = context.strokeStyle = colours[colour];
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(across(average(before)), level, 6, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 0.5;
    for (const share of accuracies) {
      context.beginPath();
      context.arc(across(share), level, 3.5, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillRect(across(average(accuracies)) - 1.5, level - 0.36 * slot, 3, 0.72 * slot);
  });
}

/** Bars of every population side by side at each class, from 0 to 1. */
export function drawReadouts(context, width, height, colours, rows) {
  const box = { left: 38, right: width - 10, top: 8, bottom: height - 22 };
  const classes = rows[0].mean.length;
  const slot = (box.right - box.left) / classes;
  const bar = (0.8 * slot) / rows.length;
  const down = (share) => box.bottom - share * (box.bottom - box.top);
  context.strokeStyle = colours.line;
  context.fillStyle = colours.soft;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const share of [0, 0.5, 1]) {
    context.beginPath();
    context.moveTo(box.left, Math.round(down(share)) + 0.5);
    context.lineTo(box.right, Math.round(down(share)) + 0.5);
    context.stroke();
    context.fillText(`${share}`, box.left - 6, down(share));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let k = 0; k < classes; k++) {
    const left = box.left + (k + 0.1) * slot;
    context.fillStyle = colours.soft;
    context.fillText(`${k}`, left + 0.4 * slot, box.bottom + 7);
    rows.forEach(({ colour, mean }, i) => {
      context.fillStyle = colours[colour];
      context.fillRect(left + i * bar, down(mean[k]), bar, box.bottom - down(mean[k]));
    });
  }
}
