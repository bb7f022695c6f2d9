import { buildCudaEmulator } from "@cramkit/backend/cuda-emulator";
import { hasCode, problemOf } from "@cramkit/errors";
import { expect, it } from "vitest";
import { leaksOf, leaksOfStarts } from "../testing/cuda-leaks.testing.ts";

const hasEmulator = (() => {
  try {
    return buildCudaEmulator() !== undefined;
  } catch (error) {
    if (!hasCode(error, "unsupported")) throw error;
    console.warn(`\n######## leaks on CUDA are NOT TESTED: ${problemOf(error)} ########\n`);
    return false;
  }
})();

const mebibyte = 2 ** 20;

it.runIf(hasEmulator)("leaves nothing behind in 40 steps, recorded and not", { timeout: 120_000 }, async () => {
  const { before, after, end, replays } = await leaksOf(40);
  expect(replays).toBeGreaterThan(60);
  expect(after.held).toEqual(before.held);
  expect(after.process.heapUsed - before.process.heapUsed).toBeLessThan(mebibyte);
  expect(after.process.external - before.process.external).toBeLessThan(mebibyte);
  for (const [name, count] of Object.entries(end)) if (name !== "resources") expect(count, name).toBe(0);
});

it.runIf(hasEmulator)("leaves nothing behind of a backend that was ended", { timeout: 120_000 }, async () => {
  const { before, after } = await leaksOfStarts(20);
  expect(after.held).toEqual(before.held);
  expect(after.process.heapUsed - before.process.heapUsed).toBeLessThan(mebibyte);
});
