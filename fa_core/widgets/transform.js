// Moves, turns and scales a small image, as the out-of-distribution tests do.

/**
 * Fills `out` [h, w] with the image turned by `degrees` counter-clockwise and scaled by `scale`
 * about its centre, then shifted by (right, down) pixels; bilinear, 0 outside the image.
 */
export function transformImage(out, image, height, width, { degrees, scale, right, down }) {
  const turn = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(turn) / scale, Math.sin(turn) / scale];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const at = (r, c) => (r < 0 || c < 0 || r >= height || c >= width ? 0 : image[r * width + c]);
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      // Where in the image this pixel comes from: the inverse of the transform.
      const [x, y] = [c - cx - right, r - cy - down];
      const [fromX, fromY] = [cosine * x - sine * y + cx, sine * x + cosine * y + cy];
      const [c0, r0] = [Math.floor(fromX), Math.floor(fromY)];
      const [wx, wy] = [fromX - c0, fromY - r0];
      out[r * width + c] =
        (1 - wy) * ((1 - wx) * at(r0, c0) + wx * at(r0, c0 + 1)) +
        wy * ((1 - wx) * at(r0 + 1, c0) + wx * at(r0 + 1, c0 + 1));
    }
  }
}
