// Eigenvalues of a symmetric matrix: Householder reflections make it tridiagonal, implicit QL
// sweeps make it diagonal (Bowdler, Martin, Reinsch & Wilkinson 1968).

/** Reduces `a` [n, n], row-major and overwritten, to its diagonal and the entries beside it. */
function tridiagonalise(a, n) {
  const beside = new Float64Array(n);
  const [v, w] = [new Float64Array(n), new Float64Array(n)];
  for (let k = 0; k < n - 2; k++) {
    let square = 0;
    for (let i = k + 1; i < n; i++) square += (v[i] = a[i * n + k]) ** 2;
    const norm = Math.sqrt(square);
    beside[k] = v[k + 1] > 0 ? -norm : norm;
    if (norm === 0) continue;
    v[k + 1] -= beside[k]; // v now spans the mirror's normal
    const scale = 1 / (square - beside[k] * a[(k + 1) * n + k]); // 2 / |v|^2
    let overlap = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
      w[i] = scale * sum;
      overlap += w[i] * v[i];
    }
    for (let i = k + 1; i < n; i++) w[i] -= 0.5 * scale * overlap * v[i];
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    }
  }
  if (n > 1) beside[n - 2] = a[(n - 1) * n + n - 2];
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), beside };
}

/** One implicit QL sweep over rows l to m of the tridiagonal matrix. */
function sweep(d, e, l, m) {
  const half = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.sqrt(half * half + 1);
  let g = d[m] - d[l] + e[l] / (half + (half < 0 ? -root : root));
  let [sine, cosine, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i];
    const b = cosine * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1] - p;
    const t = (d[i] - g) * sine + 2 * cosine * b;
    p = sine * t;
    d[i + 1] = g + p;
    g = cosine * t - b;
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

/** Eigenvalues of a symmetric matrix [n, n], row-major and overwritten, in no order. */
export function eigenvalues(a, n) {
  const { diagonal: d, beside: e } = tridiagonalise(a, n);
  for (let l = 0; l < n; l++) {
    for (let turn = 0; turn < 60; turn++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      sweep(d, e, l, m);
    }
  }
  return d;
}
