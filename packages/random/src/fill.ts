import { float32Of, float64Of, normalAngle, normalRadius } from "./from-bits.ts";
import type { StreamKey } from "./stream-key.ts";
import { threefry2x32 } from "./threefry.ts";

export interface FillOptions {
  /**
   * The position that goes to `out[0]`; the last one is at most 2^53 - 1.
   * @defaultValue 0
   */
  first?: number;
}

export interface FillNormalOptions extends FillOptions {
  /**
   * The standard deviation.
   * @defaultValue 1
   */
  std?: number;
}

/** Writes `bits(first + i)` of the stream with this key to `out[i]`. */
export const fillBits = (key: StreamKey, out: Uint32Array, { first = 0 }: FillOptions = {}): void => {
  checkRange("fillBits", first, out.length);
  eachBlock(key, first, out.length, (i, low, high) => {
    if (i >= 0) out[i] = low;
    if (i + 1 < out.length) out[i + 1] = high;
  });
};

/** Writes `float32(first + i)` to `out[i]`, or `float64(first + i)` if `out` is a Float64Array: uniform in [0, 1). */
export const fillUniform = (
  key: StreamKey,
  out: Float32Array | Float64Array,
  { first = 0 }: FillOptions = {},
): void => {
  if (out instanceof Float64Array) {
    checkRange("fillUniform", first, out.length, 2 ** 52);
    eachBlock(key, 2 * first, 2 * out.length, (i, low, high) => {
      out[i / 2] = float64Of(low, high);
    });
    return;
  }
  checkRange("fillUniform", first, out.length);
  eachBlock(key, first, out.length, (i, low, high) => {
    if (i >= 0) out[i] = float32Of(low);
    if (i + 1 < out.length) out[i + 1] = float32Of(high);
  });
};

/** Writes `std * normal(first + i)` to `out[i]`. */
export const fillNormal = (
  key: StreamKey,
  out: Float32Array | Float64Array,
  { first = 0, std = 1 }: FillNormalOptions = {},
): void => {
  checkRange("fillNormal", first, out.length);
  eachBlock(key, first, out.length, (i, low, high) => {
    const radius = normalRadius(low);
    const angle = normalAngle(high);
    if (i >= 0) out[i] = std * (radius * Math.cos(angle));
    if (i + 1 < out.length) out[i + 1] = std * (radius * Math.sin(angle));
  });
};

/** Calls `use` with the words of each block that holds one of the `length` positions from `first` on; `i` may be -1. */
const eachBlock = (
  [key0, key1]: StreamKey,
  first: number,
  length: number,
  use: (i: number, low: number, high: number) => void,
): void => {
  const words = new Uint32Array(2);
  for (let i = -(first % 2); i < length; i += 2) {
    const block = (first + i) / 2;
    threefry2x32(key0, key1, block | 0, Math.floor(block / 2 ** 32), words);
    use(i, words[0]!, words[1]!);
  }
};

const checkRange = (caller: string, first: number, length: number, positions = 2 ** 53): void => {
  if (Number.isSafeInteger(first) && first >= 0 && first <= positions - length) return;
  throw new RangeError(
    `${caller}: expected a first position that is an integer of 0 to ${positions} less the ${length} numbers, got ${first}`,
  );
};
