import { tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";
import { optimizerKernels } from "./kernels.ts";

const tiers = await testableTiers();

describe.runIf(tiers.length > 0)("the norm over many tensors", () => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend();
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  it.each([
    ["a scalar", [1]],
    ["vectors alone", [4, 768, 16384, 16388]],
    [
      "lengths of every kind, more than a dispatch takes",
      [1, 4, 3, 768, 5, 64, 4096, 4097, 16, 99_999, 2, 8, 12, 65_540],
    ],
    ["as many as two dispatches take", Array.from({ length: 14 }, (_, i) => 4 * i + 4)],
  ])("%s", async (_, lengths) => {
    const values = lengths.map((length, seed) => uniform([length], seed, 1 + seed).values);
    let want = 0;
    for (const one of values) for (const value of one) want += value * value;
    const { globalNorm } = optimizerKernels()!;
    const tensors = values.map((one) => tensor(one));
    let norms: ReturnType<typeof globalNorm>[] = [];
    const traffic = started!.backend.countTraffic(() => {
      norms = [globalNorm(tensors), globalNorm(tensors)];
    });
    const [first, second] = await Promise.all(norms.map(async (norm) => (await norm.data())[0]!));
    expect(Math.abs(first! / Math.sqrt(want) - 1)).toBeLessThan(1e-6);
    expect(second).toBe(first);
    const dispatches = [...traffic]
      .filter(([key]) => key.includes("squares"))
      .reduce((sum, [, one]) => sum + one.dispatches, 0);
    const [vectors, scalars] = [lengths.filter((n) => n % 4 === 0), lengths.filter((n) => n % 4 !== 0)];
    expect(dispatches / 2).toBe(Math.ceil(vectors.length / 7) + Math.ceil(scalars.length / 7));
  });
});
