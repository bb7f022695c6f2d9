import { expect, it } from "vitest";
import { seedPieces } from "./seed-pieces.ts";

const words = new Map(
  Array.from({ length: 30_000 }, (_, i) => [((i * 2_654_435_761) >>> 0).toString(36).padStart(7, "\u{1F600}"), 1]),
);

it("begins with the characters, then the substrings with the most characters in all", async () => {
  const pieces = await seedPieces(
    new Map([
      ["abcabc", 1],
      ["abx", 5],
    ]),
    16,
    100,
    () => {},
  );
  expect(pieces.map(({ text }) => text).slice(0, 2)).toEqual(["b", "a"]);
  expect(pieces.map(({ text }) => text).sort()).toEqual(["a", "ab", "abc", "b", "bc", "c", "x"]);
});

it("can be stopped while it sorts, and while it compares", async () => {
  let pauses = 0;
  await seedPieces(words, 16, 1000, () => void pauses++);
  expect(pauses).toBeGreaterThan(5);
  for (const last of [1, pauses]) {
    let at = 0;
    const stopped = seedPieces(words, 16, 1000, () => {
      if (++at === last) throw new Error("stopped");
    });
    await expect(stopped).rejects.toThrow("stopped");
  }
});
