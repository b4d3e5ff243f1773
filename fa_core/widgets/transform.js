// Moves, turns and scales a small image, as the out-of-distribution tests do.

/**
 * The pose as a function from a place [column, row] of the moved image to the place of the image
 * [h, w] that it shows: turned by `degrees` counter-clockwise and scaled by `scale` about the
 * centre, then shifted by (right, down) pixels.
 */
export function makeInverse(height, width, { degrees, scale, right, down }) {
  const turn = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(turn) / scale, Math.sin(turn) / scale];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  return (column, row) => {
    const [x, y] = [column - cx - right, row - cy - down];
    return [cosine * x - sine * y + cx, sine * x + cosine * y + cy];
  };
}

/** Fills `out` [h, w] with the image in this pose; bilinear, 0 outside the image. */
export function transformImage(out, image, height, width, pose) {
  const inverse = makeInverse(height, width, pose);
  const at = (r, c) => (r < 0 || c < 0 || r >= height || c >= width ? 0 : image[r * width + c]);
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const [x, y] = inverse(c, r);
      const [c0, r0] = [Math.floor(x), Math.floor(y)];
      const [wx, wy] = [x - c0, y - r0];
      out[r * width + c] =
        (1 - wy) * ((1 - wx) * at(r0, c0) + wx * at(r0, c0 + 1)) +
        wy * ((1 - wx) * at(r0 + 1, c0) + wx * at(r0 + 1, c0 + 1));
    }
  }
}
