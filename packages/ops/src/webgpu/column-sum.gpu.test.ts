import { tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";
import { columnSums } from "./column-sum.ts";
import type { Host } from "./host.ts";

const tiers = await testableTiers();

describe.runIf(tiers.length > 0)("column sums", () => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend();
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  // Rows, columns, outputs, and the dispatches of it: in one block, at once, and in blocks.
  it.each([
    [256, 8, 1, 1],
    [257, 8, 2, 1],
    [1024, 1536, 2, 1],
    [1031, 44, 1, 1],
    [2048, 768, 1, 1],
    [1024, 12, 2, 2],
    [1024, 7, 1, 2],
    [2049, 64, 1, 2],
  ])("of %d x %d into %d", async (rows, n, outputs, dispatches) => {
    const { values } = uniform([rows, n], rows + n);
    const backend = started!.backend as unknown as Host;
    const x = tensor(values, [rows, n]);
    let sums: ReturnType<typeof columnSums> = [];
    const traffic = started!.backend.countTraffic(() => {
      sums = columnSums(backend, { bound: x, half: false }, rows, n, outputs);
    });
    expect([...traffic.values()].reduce((sum, one) => sum + one.dispatches, 0)).toBe(dispatches);
    const want = new Float64Array(n);
    for (let i = 0; i < rows * n; i++) want[i % n]! += values[i]!;
    const got: number[] = [];
    for (const { dataId } of sums) got.push(...((await started!.backend.read(dataId)) as Float32Array));
    expect(got).toHaveLength(n);
    expect(Math.max(...got.map((value, i) => Math.abs(value - want[i]!)))).toBeLessThan(1e-3);
    for (const { dataId } of sums) started!.backend.disposeData(dataId);
    x.dispose();
  });
});
