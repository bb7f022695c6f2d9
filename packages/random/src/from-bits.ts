/**
 * Scales 32 random bits to an integer of 0 to `limit` - 1, or gives -1 if they must be rejected so that no integer is more
 * likely than another (Lemire, "Fast random integer generation in an interval", 2019). The probability of -1 is below
 * limit / 2^32.
 */
export const scaled = (bits: number, limit: number): number => {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 32))
    throw new RangeError(`below: expected a limit that is an integer of 1 to 2^32, got ${limit}`);
  if (limit === 2 ** 32) return bits;
  const low = Math.imul(bits, limit) >>> 0;
  if (low < limit && low < (2 ** 32 - limit) % limit) return -1;
  // The product has up to 64 bits and a double 53. Its rounding error, at most 2^11, vanishes beside 2^32.
  return Math.round((bits * limit - low) / 2 ** 32);
};

/** The upper 24 bits as a number in [0, 1), exact as float32. */
export const float32Of = (bits: number): number => (bits >>> 8) * 2 ** -24;

/** 53 of 64 bits as a number in [0, 1). */
export const float64Of = (low: number, high: number): number => (high * 2 ** 21 + (low >>> 11)) * 2 ** -53;

/** Box and Muller: radius * cos(angle) and radius * sin(angle) are independent and normal. */
export const normalRadius = (bits: number): number => Math.sqrt(-2 * Math.log((bits + 0.5) * 2 ** -32));
export const normalAngle = (bits: number): number => bits * (2 * Math.PI * 2 ** -32);
