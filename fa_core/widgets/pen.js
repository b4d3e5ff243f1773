// A soft round pen on a small image.

const RADIUS = 0.045; // of the image's width: about a pen's in MNIST
const LEAST = 0.5; // pixels: on 8x8 a thinner line would fade between two rows

const clamp = (share) => Math.max(0, Math.min(1, share));

/**
 * Draws on `image` [h, w] from one place [column, row] to another, with ink up to `white`. A
 * pixel's ink falls from all to none over one pixel at the pen's edge, and is never taken away.
 */
export function drawStroke(image, height, width, from, to, white) {
  const reach = Math.max(LEAST, RADIUS * width) + 0.5;
  const [x, y] = from;
  const [dx, dy] = [to[0] - x, to[1] - y];
  const squared = dx * dx + dy * dy;
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const along = squared && clamp(((c - x) * dx + (r - y) * dy) / squared);
      const distance = Math.hypot(c - x - along * dx, r - y - along * dy);
      const at = r * width + c;
      image[at] = Math.max(image[at], white * clamp(reach - distance));
    }
  }
}
