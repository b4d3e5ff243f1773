// Matrices as flat row-major Float64Arrays: the product that training needs, and what is measured.

import { eigenvalues } from "./eigen.js";

/**
 * out[r, c] = sum over d of a[r, d] b[c, d], for any layout: element (r, d) of `a` lies at
 * r * aRow + d * aStep, element (c, d) of `b` at c * bRow + d * bStep; `out` is row-major.
 *
 * Blocks of 4 by 4 sums stay in registers, so each number read is used four times: several times
 * as fast as three plain loops.
 */
export function multiply(out, rows, cols, depth, a, aRow, aStep, b, bRow, bStep) {
  const blockRows = rows - (rows % 4);
  const blockCols = cols - (cols % 4);
  for (let r = 0; r < blockRows; r += 4) {
    for (let c = 0; c < blockCols; c += 4) {
      let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
      let s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
      let i = r * aRow;
      let j = c * bRow;
      for (let d = 0; d < depth; d++) {
        const a0 = a[i], a1 = a[i + aRow], a2 = a[i + 2 * aRow], a3 = a[i + 3 * aRow];
        const b0 = b[j], b1 = b[j + bRow], b2 = b[j + 2 * bRow], b3 = b[j + 3 * bRow];
        s00 += a0 * b0; s01 += a0 * b1; s02 += a0 * b2; s03 += a0 * b3;
        s10 += a1 * b0; s11 += a1 * b1; s12 += a1 * b2; s13 += a1 * b3;
        s20 += a2 * b0; s21 += a2 * b1; s22 += a2 * b2; s23 += a2 * b3;
        s30 += a3 * b0; s31 += a3 * b1; s32 += a3 * b2; s33 += a3 * b3;
        i += aStep;
        j += bStep;
      }
      const o = r * cols + c, p = o + cols, q = p + cols, t = q + cols;
      out[o] = s00; out[o + 1] = s01; out[o + 2] = s02; out[o + 3] = s03;
      out[p] = s10; out[p + 1] = s11; out[p + 2] = s12; out[p + 3] = s13;
      out[q] = s20; out[q + 1] = s21; out[q + 2] = s22; out[q + 3] = s23;
      out[t] = s30; out[t + 1] = s31; out[t + 2] = s32; out[t + 3] = s33;
    }
  }
  // What the blocks leave over: the last columns of all rows, and the last rows whole.
  for (let r = 0; r < rows; r++) {
    for (let c = r < blockRows ? blockCols : 0; c < cols; c++) {
      let sum = 0;
      let i = r * aRow;
      let j = c * bRow;
      for (let d = 0; d < depth; d++) {
        sum += a[i] * b[j];
        i += aStep;
        j += bStep;
      }
      out[r * cols + c] = sum;
    }
  }
}

export function dot(u, v) {
  let sum = 0;
  for (let i = 0; i < u.length; i++) sum += u[i] * v[i];
  return sum;
}

/** A matrix less its mean row. */
export function centred(matrix, rows, cols) {
  const result = Float64Array.from(matrix);
  for (let c = 0; c < cols; c++) {
    let mean = 0;
    for (let r = 0; r < rows; r++) mean += matrix[r * cols + c] / rows;
    for (let r = 0; r < rows; r++) result[r * cols + c] -= mean;
  }
  return result;
}

/**
 * Angle between two vectors in degrees, 0 to 180. 2 atan2(|a - b|, |a + b|) of the unit vectors
 * loses no digits near 0 and 180, where arccos of the cosine does (Kahan 2006).
 */
export function angle(u, v) {
  let uu = 0;
  let vv = 0;
  for (let i = 0; i < u.length; i++) {
    uu += u[i] * u[i];
    vv += v[i] * v[i];
  }
  const [un, vn] = [Math.sqrt(uu), Math.sqrt(vv)];
  let difference = 0;
  let sum = 0;
  for (let i = 0; i < u.length; i++) {
    const [a, b] = [u[i] / un, v[i] / vn];
    difference += (a - b) ** 2;
    sum += (a + b) ** 2;
  }
  return (2 * Math.atan2(Math.sqrt(difference), Math.sqrt(sum)) * 180) / Math.PI;
}

/** Singular values of a row-major matrix, largest first: roots of its Gram matrix's eigenvalues. */
export function singularValues(matrix, rows, cols) {
  const wide = rows <= cols; // the smaller of the two Gram matrices
  const [count, depth, row, step] = wide ? [rows, cols, cols, 1] : [cols, rows, 1, cols];
  const gram = new Float64Array(count * count);
  multiply(gram, count, count, depth, matrix, row, step, matrix, row, step);
  return eigenvalues(gram, count).map((value) => Math.sqrt(Math.max(value, 0))).sort().reverse();
}

/** Effective rank of a spectrum: exp of the entropy of its shares (Roy & Vetterli 2007). */
export function entropyRank(values) {
  const sum = values.reduce((a, b) => a + b, 0);
  return Math.exp(values.reduce((h, s) => (s > 0 ? h - (s / sum) * Math.log(s / sum) : h), 0));
}

export const effectiveRank = (matrix, rows, cols) => entropyRank(singularValues(matrix, rows, cols));
