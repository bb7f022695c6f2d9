import {
  createDraws,
  fillBits,
  fillNormal,
  fillUniform,
  permutation,
  randomStream,
  shuffledIndices,
  streamKey,
} from "@cramkit/random";
import type { Contestant, Suite } from "../measure/suite.ts";

const count = 2 ** 14;
const rowLength = 128;

/** Something must come of the numbers, or the engine leaves the loop out. */
let sink = 0;

/** Wellons' lowbias32 twice a number: what a generator of 32-bit keys and positions costs at least. */
const mix = (value: number): number => {
  let x = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
};
const lowbias = (position: number): number => mix(mix(position ^ 0x12345678) + 0x9abcdef0);

const key = streamKey(1, "benchmark");
const stream = randomStream(key);
const draws = createDraws(key);
const words = new Uint32Array(count);
const floats = new Float32Array(count);
const image = permutation(key, 1_000_003);

const loop = (value: (i: number) => number) => () => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  sink += sum;
  return sum;
};

/** Values of [0, scale) should have a mean of half of it: six deviations of the mean are 6 / sqrt(12 count) of it. */
const meanOff = (sum: number, scale: number): number =>
  Math.abs(sum / count / scale - 0.5) < 6 / Math.sqrt(12 * count) ? 0 : 1;

const contestant = (provider: string, run: () => number, scale: number): Contestant => ({
  ...{ provider, work: count, run },
  check: () => meanOff(run(), scale),
});

const sumOf = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  sink += sum;
  return sum;
};

const cases: Record<string, Contestant[]> = {
  "bits, forwards": [
    contestant("cramkit", loop(stream.bits), 2 ** 32),
    contestant("lowbias32, 32-bit key", loop(lowbias), 2 ** 32),
    contestant("Math.random, no seed", loop(Math.random), 1),
  ],
  "bits, at strides": [
    contestant(
      "cramkit",
      loop((i) => stream.bits(i * 4097)),
      2 ** 32,
    ),
    contestant(
      "lowbias32, 32-bit key",
      loop((i) => lowbias(i * 4097)),
      2 ** 32,
    ),
  ],
  "integers below 10": [
    contestant(
      "cramkit",
      loop((i) => stream.below(10, i) + 0.5),
      10,
    ),
    contestant(
      "lowbias32, scaled with a bias",
      loop((i) => Math.floor((lowbias(i) * 10) / 2 ** 32) + 0.5),
      10,
    ),
  ],
  [`draws, ${rowLength} a position`]: [
    contestant(
      "cramkit",
      loop((i) => {
        if (i % rowLength === 0) draws.seek(i);
        return draws.bits();
      }),
      2 ** 32,
    ),
  ],
  "fill with bits": [
    contestant(
      "cramkit",
      () => {
        fillBits(key, words);
        return sumOf(words);
      },
      2 ** 32,
    ),
  ],
  "fill with float32": [
    contestant(
      "cramkit",
      () => {
        fillUniform(key, floats);
        return sumOf(floats);
      },
      1,
    ),
  ],
  "fill with normal float32": [
    contestant(
      "cramkit",
      () => {
        fillNormal(key, floats);
        return sumOf(floats) + count / 2;
      },
      1,
    ),
  ],
  "permutation of 1,000,003": [contestant("cramkit", loop(image), 1_000_003)],
  "shuffled indices": [contestant("cramkit", () => sumOf(shuffledIndices(key, count)) + count / 2, count)],
  "key of a path": [
    contestant(
      "cramkit",
      loop((i) => streamKey(1, "layers.0.weight", i)[0]),
      2 ** 32,
    ),
  ],
};

export const randomSuite: Suite = {
  name: "random",
  describes: "random numbers, permutations and keys: ns each",
  hasShapes: false,
  async run({ measure }) {
    for (const [name, contestants] of Object.entries(cases))
      await measure({ case: name, unit: "ns", backend: "host", limitMs: 2_000, contestants });
    if (Number.isNaN(sink)) throw new Error("expected numbers, got NaN");
  },
};
