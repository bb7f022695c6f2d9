import { randomStream, streamKey } from "@cramkit/random";
import { expect, it } from "vitest";
import { attentionDropoutMask, dropoutMask, dropoutThreshold } from "./dropout-mask.ts";

const key = streamKey(3, "dropout");

it("takes word i of the stream for element i", () => {
  const { bits } = randomStream(key);
  const mask = dropoutMask(1001, 0.3, key);
  expect(mask.findIndex((value, i) => value > 0 !== bits(i) >= dropoutThreshold(0.3))).toBe(-1);
});

it("takes for attention the words at 2^33 (b * heads + h) + 2^17 q + k", () => {
  const { bits } = randomStream(key);
  const [batch, heads, seq] = [3, 2, 7];
  const mask = attentionDropoutMask([batch, heads, seq], 0.3, key);
  let index = 0;
  for (let head = 0; head < batch * heads; head++)
    for (let query = 0; query < seq; query++)
      for (let attended = 0; attended < seq; attended++) {
        const word = bits(2 ** 33 * head + 2 ** 17 * query + attended);
        expect(mask[index++]! > 0).toBe(word >= dropoutThreshold(0.3));
      }
});

it("drops at its rate and keeps the mean", () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const mask = dropoutMask(100_000, rate, key);
    const kept = mask.filter((value) => value > 0).length / mask.length;
    expect(Math.abs(kept - (1 - rate))).toBeLessThan(0.005);
    expect(mask.find((value) => value > 0)).toBeCloseTo(1 / (1 - rate), 5);
  }
});

it("covers the whole range of rates", () => {
  expect(dropoutThreshold(0)).toBe(0);
  expect(dropoutThreshold(0.5)).toBe(2 ** 31);
  expect(dropoutThreshold(1)).toBe(2 ** 32 - 1);
});
