/** IEEE binary16 and bfloat16 as arrays of their bit patterns. Rounding is to nearest, ties to even. */

/** The binary16 bit pattern nearest to a float32 of this bit pattern; what is too large becomes infinity. */
const toF16 = (bits: number, value: number): number => {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds to infinity, from 65520 on
  if (magnitude < 0x38800000) {
    // Subnormal: the value in units of 2^-24, which scaling by a power of two gives exactly.
    const units = Math.abs(value) * 0x1000000;
    const below = Math.floor(units);
    const rest = units - below;
    return sign | (rest > 0.5 || (rest === 0.5 && (below & 1) === 1) ? below + 1 : below);
  }
  const rebased = magnitude - 0x38000000; // exponent bias 127 -> 15
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
};

const fromF16 = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/**
 * The bit patterns of numbers as float32. What float32 does not hold is rounded to odd, toward zero with the last bit set: to
 * the nearest, a number just beside the middle of two halves would land on it and be rounded a second time.
 */
const bitsOf = (values: ArrayLike<number>): Uint32Array => {
  const floats = values instanceof Float32Array ? values : Float32Array.from(values);
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  if (floats === values) return bits;
  for (let i = 0; i < bits.length; i++) {
    const [exact, nearest] = [Math.abs(values[i]!), Math.abs(floats[i]!)];
    if (nearest > exact) bits[i]!--;
    if (nearest !== exact) bits[i]! |= 1;
  }
  return bits;
};

/** The float16 bit patterns nearest to the values, ties to even; what is too large becomes infinite. */
export const encodeF16 = (values: ArrayLike<number>): Uint16Array => {
  const bits = bitsOf(values);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = toF16(bits[i]!, values[i]!);
  return out;
};

/** The values of float16 bit patterns. */
export const decodeF16 = (bits: Uint16Array): Float32Array => {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = fromF16(bits[i]!);
  return out;
};

export const encodeBf16 = (values: ArrayLike<number>): Uint16Array => {
  const patterns = bitsOf(values);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) {
    const bits = patterns[i]!;
    const isNan = (bits & 0x7fffffff) > 0x7f800000;
    out[i] = isNan ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
};

export const decodeBf16 = (bits: Uint16Array): Float32Array => {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
};
