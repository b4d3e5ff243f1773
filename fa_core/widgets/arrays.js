// Arrays as Python packs them (`pack` in _widget.py).

const KINDS = { int8: Int8Array, int16: Int16Array, uint8: Uint8Array, float32: Float32Array };

/** A packed array as {shape, values}, values in row-major order. */
export function unpack({ kind, shape, scale, data }) {
  const bytes = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const stored = new KINDS[kind](bytes);
  if (scale === 1) return { shape, values: stored };
  return { shape, values: Float32Array.from(stored, (value) => value * scale) };
}
