import { randomStream, streamKey } from "@cramkit/random";
import { expect, it } from "vitest";
import { randomSigns } from "./random-signs.ts";

const key = streamKey(1, "signs");

it("takes a bit of the stream for each sign", () => {
  for (const count of [0, 1, 31, 32, 33, 1000]) {
    const { bits } = randomStream(key);
    const expected = Array.from({ length: count }, (_, i) => ((bits(Math.floor(i / 32)) >>> (i % 32)) % 2 ? -1 : 1));
    expect([...randomSigns(key, count)]).toEqual(expected);
  }
});

it("has as many of the one as of the other, and neighbours that do not depend on each other", () => {
  const signs = randomSigns(key, 100_000);
  const sum = signs.reduce((total, sign) => total + sign, 0);
  const products = signs.reduce((total, sign, i) => total + sign * (signs[i + 1] ?? 0), 0);
  // Five standard deviations: a good generator fails once in 1.7 million keys.
  for (const total of [sum, products]) expect(Math.abs(total) / Math.sqrt(100_000)).toBeLessThan(5);
});
