import { expect, it } from "vitest";
import { leaksOf, leaksOfStarts } from "../testing/cuda-leaks.testing.ts";

const mebibyte = 2 ** 20;

it("leaves nothing behind in 200 steps on CUDA, recorded and not", async () => {
  const { before, after } = await leaksOf(200);
  expect(after.held).toEqual(before.held);
  for (const part of ["heapUsed", "external"] as const)
    expect(after.process[part] - before.process[part], part).toBeLessThan(mebibyte);
  // V8 gives pages back late.
  expect(after.process.rss - before.process.rss).toBeLessThan(64 * mebibyte);
});

it("leaves nothing behind of 200 backends that were ended", async () => {
  const { before, after } = await leaksOfStarts(200);
  expect(after.held).toEqual(before.held);
  expect(after.process.heapUsed - before.process.heapUsed).toBeLessThan(mebibyte);
  expect(after.process.rss - before.process.rss).toBeLessThan(32 * mebibyte);
});
