import { randomStream, streamKey } from "@cramkit/random";
import { expect, it } from "vitest";
import { bandPairs, createClusters, minHash } from "../index.ts";

const { float64 } = randomStream(streamKey(7, "near-duplicates.test"));
let draws = 0;
const pick = (count: number) => Math.floor(float64(draws++) * count);
const word = () => `w${pick(5000)}`;
const writeText = (words: number) => Array.from({ length: words }, word);

/** Families of documents: one text, and copies with a few or many words replaced. */
const texts = Array.from({ length: 60 }, (_, family) => {
  const original = writeText(80 + pick(120));
  const copies = [0, 0.002, 0.01, 0.02, 0.04, 0.08].map((share) =>
    original.map((kept) => (float64(draws++) < share ? word() : kept)),
  );
  return [original, ...copies].map((words) => `${family % 2 ? "The " : "the "}${words.join(family % 3 ? " " : ", ")}.`);
}).flat();

/** Runs of so many words, by the definition. */
const shingles = (text: string, words: number): Set<string> => {
  const all = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return new Set(
    Array.from({ length: Math.max(0, all.length - words + 1) }, (_, i) => all.slice(i, i + words).join(" ")),
  );
};

const jaccard = (a: Set<string>, b: Set<string>): number => {
  let both = 0;
  for (const shingle of a) if (b.has(shingle)) both++;
  return both / (a.size + b.size - both);
};

const sets = texts.map((text) => shingles(text, 5));

/** Pairs of documents with something in common, and how much, by comparing all with all. */
const similar = texts.flatMap((_, a) =>
  texts.slice(a + 1).flatMap((_, offset) => {
    const index = jaccard(sets[a]!, sets[a + 1 + offset]!);
    return index > 0 ? [{ a, b: a + 1 + offset, index }] : [];
  }),
);

it("agrees in a share of its entries that is the Jaccard index", () => {
  const hashes = minHash({ bands: 1000, rows: 1 });
  const signatures = texts.map((text) => hashes.signature(text)!);
  let squares = 0;
  for (const { a, b, index } of similar) {
    const equal = signatures[a]!.filter((value, i) => value === signatures[b]![i]).length / 1000;
    const deviation = Math.sqrt((index * (1 - index)) / 1000);
    // Identical sets agree in everything; of the rest, 1,100 pairs stay within 5 standard deviations.
    expect(Math.abs(equal - index)).toBeLessThanOrEqual(5 * deviation);
    if (deviation > 0) squares += ((equal - index) / deviation) ** 2;
  }
  const inner = similar.filter(({ index }) => index < 1).length;
  expect(squares / inner).toBeGreaterThan(0.7);
  expect(squares / inner).toBeLessThan(1.3);
});

it("finds pairs with the probability of its definition: recall and precision against all pairs", () => {
  const [bands, rows] = [14, 8];
  const hashes = minHash();
  const keys = texts.map((text) => hashes.bandKeys(hashes.signature(text)!));
  const isFound = ({ a, b }: { a: number; b: number }) =>
    Array.from({ length: bands }, (_, band) => band).some(
      (band) => keys[a]![2 * band] === keys[b]![2 * band] && keys[a]![2 * band + 1] === keys[b]![2 * band + 1],
    );
  const chance = ({ index }: { index: number }) => 1 - (1 - index ** rows) ** bands;
  for (const [low, high] of [
    [0, 0.4],
    [0.4, 0.6],
    [0.6, 0.75],
    [0.75, 0.9],
    [0.9, 1.01],
  ] as const) {
    const pairs = similar.filter(({ index }) => index >= low && index < high);
    const expected = pairs.reduce((sum, pair) => sum + chance(pair), 0);
    const variance = pairs.reduce((sum, pair) => sum + chance(pair) * (1 - chance(pair)), 0);
    expect(pairs.length).toBeGreaterThan(30);
    expect(Math.abs(pairs.filter(isFound).length - expected)).toBeLessThanOrEqual(4 * Math.sqrt(variance) + 1);
  }
  const near = similar.filter(({ index }) => index >= 0.85);
  expect(near.filter(isFound).length / near.length).toBeGreaterThan(0.97); // recall
  const found = similar.filter(isFound);
  expect(found.filter(({ index }) => index >= 0.5).length / found.length).toBeGreaterThan(0.95); // precision
  const strangers = texts.flatMap((_, a) => (a + 7 < texts.length ? [{ a, b: a + 7 }] : []));
  expect(strangers.filter(isFound)).toEqual([]);
});

it("makes clusters of pairs whose lowest number stays, in any order of bands and parts", () => {
  const clusters = createClusters(8);
  clusters.join(Uint32Array.of(5, 7, 2, 5));
  clusters.join(Uint32Array.of(1, 3));
  expect(Array.from({ length: 8 }, (_, i) => clusters.firstOf(i))).toEqual([0, 1, 2, 1, 4, 2, 6, 2]);
  const keys = Uint32Array.of(9, 1, 9, 2, 9, 1, 8, 1, 9, 1);
  expect([...bandPairs(keys, Uint32Array.of(10, 20, 30, 40, 50))]).toEqual([10, 30, 10, 50]);
});

it("takes a text of fewer words than a shingle for one of its kind, and refuses counts that are none", () => {
  expect(minHash().signature("only four words here")).toBeUndefined();
  expect(minHash().signature("")).toBeUndefined();
  expect(() => minHash({ bands: 0 })).toThrow("minHash: expected bands of 1 to 1000, got 0");
});
