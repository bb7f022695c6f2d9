import { describe, expect, it } from "vitest";
import { type Mixer, threefryWith, worstAvalanche } from "./avalanche.testing.ts";
import { threefry2x32 } from "./threefry.ts";

/** `tests/kat_vectors` of Random123: key, counter, output. */
const vectors = [
  [0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6b200159, 0x99ba4efe],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
  [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
] as const;

const answersRight = (mixer: Mixer): boolean => {
  const out = new Uint32Array(2);
  return vectors.every(([key0, key1, counter0, counter1, ...answer]) => {
    mixer(key0, key1, counter0, counter1, out);
    return out[0] === answer[0] && out[1] === answer[1];
  });
};

describe("threefry2x32", () => {
  it("gives the known answers of Random123", () => {
    expect(answersRight(threefry2x32)).toBe(true);
    expect(answersRight(threefryWith({}))).toBe(true);
  });

  it("would not if any of its constants were another", () => {
    const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
    const broken = [
      ...rotations.flatMap((_, i) =>
        rotations.map((by) => ({ rotations: rotations.with(i, by === rotations[i] ? (by + 1) % 32 : by) })),
      ),
      ...Array.from({ length: 20 }, (_, rounds) => ({ rounds })),
      ...Array.from({ length: 32 }, (_, bit) => ({ parity: 0x1bd11bda ^ (1 << bit) })),
      { injectCount: false },
    ];
    expect(broken.filter((change) => answersRight(threefryWith(change)))).toEqual([]);
  });

  it("equals the loop of the paper for signed and unsigned words", () => {
    const plain = threefryWith({});
    const out = new Uint32Array(2);
    const expected = new Uint32Array(2);
    for (let i = 0; i < 1000; i++) {
      const input = [17 * i, ~i, i << 20, Math.imul(i, 0x9e3779b1)] as const;
      plain(...input, expected);
      threefry2x32(...input, out);
      expect(out).toEqual(expected);
      const [a, b, c, d] = input;
      threefry2x32(a >>> 0, b >>> 0, c >>> 0, d >>> 0, out);
      expect(out).toEqual(expected);
    }
  });

  // The largest of 8192 deviations passes 6 once in 60,000 tests of a good mixer.
  it("flips each bit of output half of the time when any bit of key or counter flips", () => {
    expect(worstAvalanche(threefry2x32, 1024)).toBeLessThan(6);
  });

  it("is seen not to with too few rounds, or without rotations", () => {
    expect(worstAvalanche(threefryWith({ rounds: 8 }), 1024)).toBeGreaterThan(6);
    expect(worstAvalanche(threefryWith({ rotations: new Array(8).fill(0) }), 1024)).toBeGreaterThan(6);
  });
});
