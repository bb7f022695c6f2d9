import { describe, expect, it } from "vitest";
import { roundHalfEven } from "./mask-selection.ts";
import { bertMasking, crammedMasking, createMasker, type Masking } from "./masking.ts";

const vocabSize = 1000;
const maskId = 4;

/** Masks `rows` rows of ids that are neither the mask token nor random-looking, and counts what happened where. */
const tally = (masking: Masking, seqLength: number, rows: number, original = (i: number) => 500 + (i % 7)) => {
  const masker = createMasker(masking, { seqLength, vocabSize, maskId, seed: 1 });
  const positions = new Int32Array(masker.maxCount);
  const targets = new Int32Array(masker.maxCount);
  const atPosition = new Array(seqLength).fill(0);
  const result = { selected: 0, masked: 0, kept: 0, random: 0, counts: new Set<number>(), atPosition };
  for (let row = 0; row < rows; row++) {
    const ids = Int32Array.from({ length: seqLength }, (_, i) => original(i));
    const before = ids.slice();
    const count = masker.mask(ids, 0, row, positions, targets, 0);
    result.counts.add(count);
    const selected = new Set(positions.subarray(0, count));
    for (let i = 0; i < seqLength; i++)
      if (!selected.has(i) && ids[i] !== before[i]) throw new Error("changed unselected");
    for (let k = 0; k < count; k++) {
      const at = positions[k]!;
      if (k > 0 && at <= positions[k - 1]!) throw new Error("not ascending");
      if (targets[k] !== before[at]) throw new Error("wrong target");
      result.selected++;
      atPosition[at]++;
      if (ids[at] === maskId) result.masked++;
      else if (ids[at] === before[at]) result.kept++;
      else result.random++;
    }
  }
  return result;
};

/** Relative spread that `counts` would not exceed by chance: five standard deviations of a count. */
const expectUniform = (counts: number[]) => {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(5 * Math.sqrt(mean));
};

describe("exact masking", () => {
  it("takes 32 of 128: 26 masked, 3 random, 3 kept, at uniform positions", () => {
    const { selected, masked, counts, random, kept, atPosition } = tally(crammedMasking, 128, 2000);
    expect([...counts]).toEqual([32]);
    expect(selected).toBe(32 * 2000);
    // A random id is the mask token or the original once in a thousand times.
    expect(Math.abs(masked - 26 * 2000)).toBeLessThan(30);
    expect(Math.abs(random - 3 * 2000)).toBeLessThan(40);
    expect(Math.abs(kept - 3 * 2000)).toBeLessThan(30);
    expectUniform(atPosition);
  });

  it("rounds halves to even, as the reference does", () => {
    expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6, 4.5].map(roundHalfEven)).toEqual([0, 2, 2, 4, 2, 3, 4]);
    expect([...tally(crammedMasking, 10, 5).counts]).toEqual([2]); // 2.5
    expect([...tally({ kind: "exact", rate: 0.15 }, 128, 5).counts]).toEqual([19]); // 19.2
  });

  it("can mask always", () => {
    const { masked, selected } = tally({ ...crammedMasking, replacement: "always-mask" }, 64, 50);
    expect(masked).toBe(selected);
    expect(selected).toBe(16 * 50);
  });

  it("can predict every token as it stands", () => {
    const { kept, selected } = tally({ kind: "exact", rate: 1, replacement: "keep" }, 64, 50);
    expect(selected).toBe(64 * 50);
    expect(kept).toBe(selected);
  });

  it("draws random ids from the whole vocabulary", () => {
    const masker = createMasker(crammedMasking, { seqLength: 40, vocabSize: 10, maskId: 9, seed: 2 });
    const seen = new Array(10).fill(0);
    const room = new Int32Array(masker.maxCount);
    for (let row = 0; row < 4000; row++) {
      const ids = new Int32Array(40).fill(3);
      masker.mask(ids, 0, row, room, new Int32Array(masker.maxCount), 0);
      for (const id of ids) seen[id]++;
    }
    seen.splice(9, 1); // mostly masks
    seen.splice(3, 1); // mostly originals
    expectUniform(seen);
  });

  it("refuses what it cannot do", () => {
    const options = { seqLength: 128, vocabSize, maskId, seed: 0 };
    expect(() => createMasker({ kind: "exact", rate: 0 }, options)).toThrow("rate");
    expect(() => createMasker({ kind: "exact", rate: 0.001 }, options)).toThrow("at least one token");
    expect(() => createMasker(crammedMasking, { ...options, maskId: 1000 })).toThrow("maskId");
    expect(() => createMasker({ ...crammedMasking, wordStarts: [1, 0] }, options)).toThrow("wordStarts");
  });
});

describe("Bernoulli masking", () => {
  it("selects 15 % of the tokens that are not excluded, 80/10/10", () => {
    const original = (i: number) => (i % 4 === 0 ? 2 : 600);
    const { selected, masked, random, kept, atPosition } = tally(bertMasking([0, 1, 2, 3, 4]), 128, 3000, original);
    const eligible = 96 * 3000;
    expect(selected / eligible).toBeCloseTo(0.15, 2);
    expect(masked / selected).toBeCloseTo(0.8, 2);
    expect(random / selected).toBeCloseTo(0.1, 2);
    expect(kept / selected).toBeCloseTo(0.1, 2);
    expect(atPosition.every((count, i) => (i % 4 === 0 ? count === 0 : count > 0))).toBe(true);
    expectUniform(atPosition.filter((_, i) => i % 4 !== 0));
  });

  it("can mask always", () => {
    const { masked, selected } = tally({ ...bertMasking([]), replacement: "always-mask" }, 64, 50);
    expect(masked).toBe(selected);
  });

  it("can keep always", () => {
    const { kept, selected } = tally({ ...bertMasking([]), replacement: "keep" }, 64, 50);
    expect(kept).toBe(selected);
  });
});

describe("whole words", () => {
  // Ids from 700 on continue a word. Words of 1, 2, 3, 1, 2, 3, ... tokens; the row begins inside of one.
  const wordStarts = Uint8Array.from({ length: vocabSize }, (_, id) => (id < 700 ? 1 : 0));
  const original = (i: number) => ([0, 1, 3].includes((i + 2) % 6) ? 600 : 700);
  const wordOf = (i: number) => (i + 2 < 3 ? 0 : Math.floor((i + 2) / 6) * 3 + [0, 1, 1, 2, 2, 2][(i + 2) % 6]!);

  function brokenWords(masking: Masking, rows: number): number[] {
    const masker = createMasker(masking, { seqLength: 128, vocabSize, maskId, seed: 3 });
    const positions = new Int32Array(masker.maxCount);
    const sizes = new Map<number, number>();
    for (let i = 0; i < 128; i++) sizes.set(wordOf(i), (sizes.get(wordOf(i)) ?? 0) + 1);
    return Array.from({ length: rows }, (_, row) => {
      const ids = Int32Array.from({ length: 128 }, (_, i) => original(i));
      const count = masker.mask(ids, 0, row, positions, new Int32Array(masker.maxCount), 0);
      if (masking.kind === "exact" && count !== 32) throw new Error("not exact");
      const selected = new Map<number, number>();
      for (const at of positions.subarray(0, count)) selected.set(wordOf(at), (selected.get(wordOf(at)) ?? 0) + 1);
      return [...selected].filter(([word, size]) => size !== sizes.get(word)).length;
    });
  }

  it("are selected as a whole, with an exact count", () => {
    // There are always words of one token left to complete the count with.
    expect(Math.max(...brokenWords({ ...crammedMasking, wordStarts }, 500))).toBe(0);
    expect(Math.max(...brokenWords({ kind: "bernoulli", rate: 0.15, excludedIds: [], wordStarts }, 500))).toBe(0);
  });

  it("break where the count cannot be met otherwise", () => {
    const { counts, selected } = tally({ ...crammedMasking, wordStarts }, 12, 200, () => 700); // one long word
    expect([...counts]).toEqual([3]);
    expect(selected).toBe(600);
  });
});
