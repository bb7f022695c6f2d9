import { describe, expect, it } from "vitest";
import { bertMasking, crammedMasking, createMasker, type Masking } from "./masking.ts";

const seqLength = 128;
const vocabSize = 32_768;
const rows = 1_000_000;
const maskId = 4;
const original = 20_000;

interface Tally {
  /** Rows by their number of positions. */
  counts: Map<number, number>;
  /** By position: selected, masked, randomised. */
  selected: Float64Array;
  masked: Float64Array;
  randomised: Float64Array;
  /** Random ids by id. */
  ids: Float64Array;
  /** Positions that a row shares with the row before, in all. */
  shared: number;
  /** Neighbouring positions that are both selected, in all. */
  neighbours: number;
}

const tally = (masking: Masking, special: (i: number) => boolean): Tally => {
  const masker = createMasker(masking, { seqLength, vocabSize, maskId, seed: 2024 });
  const positions = new Int32Array(masker.maxCount);
  const targets = new Int32Array(masker.maxCount);
  const row = Int32Array.from({ length: seqLength }, (_, i) => (special(i) ? 2 : original));
  const ids = new Int32Array(seqLength);
  const before = new Uint8Array(seqLength);
  const result: Tally = {
    counts: new Map(),
    selected: new Float64Array(seqLength),
    masked: new Float64Array(seqLength),
    randomised: new Float64Array(seqLength),
    ids: new Float64Array(vocabSize),
    shared: 0,
    neighbours: 0,
  };
  for (let r = 0; r < rows; r++) {
    ids.set(row);
    const count = masker.mask(ids, 0, r, positions, targets, 0);
    result.counts.set(count, (result.counts.get(count) ?? 0) + 1);
    for (let k = 0; k < count; k++) {
      const at = positions[k]!;
      result.selected[at]!++;
      if (before[at]) result.shared++;
      if (k > 0 && positions[k - 1] === at - 1) result.neighbours++;
      if (ids[at] === maskId) result.masked[at]!++;
      else if (ids[at] !== original) {
        result.randomised[at]!++;
        result.ids[ids[at]!]!++;
      }
    }
    before.fill(0);
    for (let k = 0; k < count; k++) before[positions[k]!] = 1;
  }
  return result;
};

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

/** `observed` successes of `trials` of probability `p`: within five standard deviations. */
const expectBinomial = (observed: number, trials: number, p: number) => {
  expect(Math.abs(observed - trials * p)).toBeLessThan(5 * Math.sqrt(trials * p * (1 - p)));
};

/** Chi-square over its degrees of freedom of counts that should be equal: within five standard deviations of 1. */
const expectEqualCounts = (counts: number[] | Float64Array) => {
  const list = Array.from(counts);
  const expected = list.reduce((total, count) => total + count, 0) / list.length;
  const freedom = list.length - 1;
  const ratio = list.reduce((total, count) => total + (count - expected) ** 2 / expected, 0) / freedom;
  expect(Math.abs(ratio - 1)).toBeLessThan(5 * Math.sqrt(2 / freedom));
};

describe("masking of a million rows", () => {
  it("exact, 25 %: 32 positions of every row, 26 / 3 / 3, uniform in place, id and from row to row", () => {
    const { counts, selected, masked, randomised, ids, shared, neighbours } = tally(crammedMasking, () => false);
    expect([...counts]).toEqual([[32, rows]]);
    for (const count of selected) expectBinomial(count, rows, 32 / 128);
    for (const count of masked) expectBinomial(count, rows, 26 / 128 + 3 / 128 / vocabSize);
    for (const count of randomised) expectBinomial(count, rows, 3 / 128);
    // Random ids that are the mask token or the original look like masked and kept ones.
    expect(Math.abs(sum(masked) - 26 * rows)).toBeLessThan(300);
    expect(Math.abs(sum(randomised) - 3 * rows)).toBeLessThan(600);
    expectEqualCounts(ids.filter((_, id) => id !== maskId && id !== original));
    expectBinomial(shared, (rows - 1) * 32, 32 / 128);
    expectBinomial(neighbours, rows * 127, (32 / 128) * (31 / 127));
  });

  it("Bernoulli, 15 %: independent, special tokens never, 80 / 10 / 10", () => {
    const special = (i: number) => i % 16 === 0;
    const { counts, selected, masked, randomised, ids, neighbours } = tally(bertMasking([0, 1, 2, 3, 4]), special);
    for (const [i, count] of selected.entries())
      if (special(i)) expect(count).toBe(0);
      else expectBinomial(count, rows, 0.15);
    expectBinomial(sum(masked), sum(selected), 0.8 + 0.1 / vocabSize);
    expectBinomial(sum(randomised), sum(selected), 0.1 - 0.2 / vocabSize);
    expectEqualCounts(ids.filter((_, id) => id !== maskId && id !== original));
    expectBinomial(neighbours, rows * (127 - 8 - 7), 0.15 * 0.15);
    // The number of positions of a row is binomial: its variance is 120 * 0.15 * 0.85.
    let variance = 0;
    for (const [count, times] of counts) variance += ((count - 18) ** 2 * times) / rows;
    expect(variance).toBeCloseTo(120 * 0.15 * 0.85, 1);
  });
});
