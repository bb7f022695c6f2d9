import { describe, expect, it } from "vitest";
import { normalRadius } from "./from-bits.ts";
import { type RandomStream, randomStream } from "./random-stream.ts";
import { binomialZ, chiSquareZ, correlationZ, limit, ones } from "./statistics.testing.ts";
import { streamKey } from "./stream-key.ts";

const stream = randomStream(streamKey(1, "test"));
const count = 2 ** 17;
const starts = [0, 2 ** 32 - 2 ** 16, 2 ** 33 - 2 ** 16, 2 ** 47, 2 ** 52];

const uniforms = (of: RandomStream, start: number, step = 1) =>
  Float64Array.from({ length: count }, (_, i) => of.float32(start + step * i));

describe("bits", () => {
  it("never change: what was trained, masked and shuffled with them must come again", () => {
    expect([0, 1, 2, 2 ** 32, 2 ** 53 - 1].map(stream.bits)).toEqual([
      2272386163, 1688981306, 1039004555, 920891105, 1351192232,
    ]);
  });

  it("depend on the position alone, not on what was read before", () => {
    const positions = [5, 4, 2 ** 40, 5, 0, 1, 2 ** 40 + 1, 2 ** 33, 1];
    expect(positions.map(stream.bits)).toEqual(positions.map((at) => randomStream(stream.key).bits(at)));
  });

  it.each(starts)("are uniform from position %d on, in every byte and in every bit", (start) => {
    const bytes = [0, 1, 2, 3].map(() => new Float64Array(256));
    const bits = new Float64Array(32);
    for (let i = 0; i < count; i++) {
      const word = stream.bits(start + i);
      for (let byte = 0; byte < 4; byte++) bytes[byte]![(word >>> (8 * byte)) & 255]!++;
      for (let bit = 0; bit < 32; bit++) bits[bit]! += (word >>> bit) & 1;
    }
    for (const counts of bytes) expect(Math.abs(chiSquareZ(counts))).toBeLessThan(limit);
    for (const hits of bits) expect(Math.abs(binomialZ(hits, count))).toBeLessThan(limit);
  });

  it("have no serial correlation, at neighbouring positions and at strides of powers of two", () => {
    for (const start of starts)
      for (const step of [1, 2, 64, 2 ** 20, 2 ** 31]) {
        const values = uniforms(stream, start === 2 ** 52 ? 0 : start, step);
        for (const lag of [1, 2, 3, 8, 128])
          expect(Math.abs(correlationZ(values, values.subarray(lag), count - lag))).toBeLessThan(limit);
      }
  });

  it("are pairwise independent: pairs of neighbours fill the square evenly", () => {
    for (const lag of [1, 2]) {
      const cells = new Float64Array(4096);
      for (let i = 0; i < count; i++) cells[(stream.bits(3 * i) >>> 26) * 64 + (stream.bits(3 * i + lag) >>> 26)]!++;
      expect(Math.abs(chiSquareZ(cells))).toBeLessThan(limit);
    }
  });

  it("meet again as often as random words do", () => {
    // n^2 / 2^33 = 128 pairs among 2^20 words; a counter that is merely scrambled word by word has none.
    const words = Uint32Array.from({ length: 2 ** 20 }, (_, i) => stream.bits(2 * i)).sort();
    let pairs = 0;
    for (let i = 1; i < words.length; i++) if (words[i] === words[i - 1]) pairs++;
    expect(Math.abs(pairs - 128) / Math.sqrt(128)).toBeLessThan(limit);
  });

  it("differ beyond 2^32 positions from those before", () => {
    for (const far of [2 ** 31, 2 ** 32, 2 ** 33, 2 ** 34, 2 ** 45, 2 ** 52]) {
      let distance = 0;
      for (let i = 0; i < 4096; i++) distance += ones(stream.bits(i) ^ stream.bits(far + i));
      expect(Math.abs(binomialZ(distance, 32 * 4096))).toBeLessThan(limit);
    }
  });
});

describe("uniform numbers", () => {
  it("lie in [0, 1), are exact in their type and take the upper bits", () => {
    for (let i = 0; i < 1000; i++) {
      expect(stream.float32(i)).toBe(Math.fround(stream.float32(i)));
      expect(stream.float32(i)).toBe(Math.floor(stream.bits(i) / 256) / 2 ** 24);
      const value = stream.float64(i);
      expect(value * 2 ** 53).toBe(Math.floor(value * 2 ** 53));
      expect(Math.floor(value * 2 ** 32)).toBe(stream.bits(2 * i + 1));
      expect(Math.floor(value * 2 ** 53) % 2 ** 21).toBe(stream.bits(2 * i) >>> 11);
    }
  });
});

describe("below", () => {
  it("is uniform for small and large limits", () => {
    for (const bound of [2, 3, 10, 1000]) {
      const counts = new Float64Array(bound);
      for (let i = 0; i < count; i++) counts[stream.below(bound, i)]!++;
      expect(Math.abs(chiSquareZ(counts))).toBeLessThan(limit);
    }
  });

  it("has no bias where scaling without rejection would double every third integer", () => {
    const counts = new Float64Array(3);
    let outside = 0;
    for (let i = 0; i < count; i++) {
      const value = stream.below(3 * 2 ** 30, i);
      if (value >= 3 * 2 ** 30 || !Number.isInteger(value)) outside++;
      counts[value % 3]!++;
    }
    expect(outside).toBe(0);
    expect(Math.abs(chiSquareZ(counts))).toBeLessThan(limit);
  });

  it("reaches both ends, keeps every bit for 2^32 and gives 0 for 1", () => {
    const values = Array.from({ length: 100 }, (_, i) => stream.below(3, i));
    expect(new Set(values)).toEqual(new Set([0, 1, 2]));
    expect([1, 2, 3].map((at) => stream.below(2 ** 32, at))).toEqual([1, 2, 3].map(stream.bits));
    expect(stream.below(1, 9)).toBe(0);
  });

  it("refuses a limit that is none", () => {
    for (const bound of [0, -1, 1.5, NaN, 2 ** 32 + 1])
      expect(() => stream.below(bound, 0)).toThrow(
        `below: expected a limit that is an integer of 1 to 2^32, got ${bound}`,
      );
  });
});

describe("normal", () => {
  it("has the mean, variance, skewness and kurtosis of the normal distribution", () => {
    const moments = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const x = stream.normal(i);
      for (let k = 0; k < 4; k++) moments[k]! += x ** (k + 1);
    }
    // E x^2k - (E x^k)^2: 1, 2, 15, 96.
    const expected = [0, 1, 0, 3];
    const variances = [1, 2, 15, 96];
    for (let k = 0; k < 4; k++)
      expect(Math.abs(moments[k]! / count - expected[k]!) / Math.sqrt(variances[k]! / count)).toBeLessThan(limit);
  });

  it("fills the intervals between its quantiles as it should, and pairs are independent", () => {
    // Probabilities of |x| below 0.25, ..., 3: the error function at those over sqrt(2).
    const edges = [0.5, 1, 1.5, 2, 2.5, 3];
    const inside = [
      0.3829249225480262, 0.6826894921370859, 0.8663855974622838, 0.9544997361036416, 0.9875806693484477,
      0.9973002039367398,
    ];
    const shares = [...inside, 1].map((p, i) => p - (inside[i - 1] ?? 0));
    const counts = new Float64Array(shares.length);
    const signs = new Float64Array(4);
    for (let i = 0; i < count; i += 2) {
      const [x, y] = [stream.normal(i), stream.normal(i + 1)];
      for (const z of [x, y]) counts[edges.findIndex((edge) => Math.abs(z) < edge) + (Math.abs(z) < 3 ? 0 : 7)]!++;
      signs[(x < 0 ? 1 : 0) + (y < 0 ? 2 : 0)]!++;
    }
    expect(Math.abs(chiSquareZ(counts, shares))).toBeLessThan(limit);
    expect(Math.abs(chiSquareZ(signs))).toBeLessThan(limit);
  });

  it("is finite for every block", () => {
    let largest = 0;
    for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(stream.normal(i)));
    expect(largest).toBeLessThan(6.8);
    expect(normalRadius(0)).toBeLessThan(6.8);
    expect(normalRadius(2 ** 32 - 1)).toBeGreaterThan(0);
  });
});

it("refuses what is no position", () => {
  for (const position of [-1, 0.5, NaN, 2 ** 53, Infinity]) {
    const message = `randomStream: expected a position that is an integer of 0 to 9007199254740991, got ${position}`;
    expect(() => stream.bits(position)).toThrow(message);
    expect(() => stream.float32(position)).toThrow(message);
    expect(() => stream.normal(position)).toThrow(message);
    expect(() => stream.below(7, position)).toThrow(message);
  }
  expect(() => stream.float64(2 ** 52)).toThrow("an integer of 0 to 4503599627370495, got 4503599627370496");
});
