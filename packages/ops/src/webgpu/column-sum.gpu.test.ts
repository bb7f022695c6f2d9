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
    started = await startTestBackend({ storageBuffers: 16 });
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
    [3, 4, 1, 1],
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
      for (const { dataId } of sums) started!.backend.uploadToGPU(dataId);
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

  it("of several tensors in one dispatch, of which one is asked for last and one never", async () => {
    const backend = started!.backend as unknown as Host;
    const inputs = [
      [300, 8],
      [40, 72],
      [1024, 16],
    ].map(([rows, n], i) => {
      const { values } = uniform([rows!, n!], i);
      return { rows: rows!, n: n!, values, x: tensor(values, [rows!, n!]) };
    });
    let all: ReturnType<typeof columnSums>[] = [];
    const none = started!.backend.countTraffic(() => {
      all = inputs.map(({ x, rows, n }) => columnSums(backend, { bound: x, half: false }, rows, n, 2));
      for (const { x } of inputs) x.dispose();
    });
    expect(none.size).toBe(0);
    for (const { dataId } of all[1]!) started!.backend.disposeData(dataId);
    started!.backend.disposeData(all[2]![1]!.dataId);
    const one = started!.backend.countTraffic(() => started!.backend.uploadToGPU(all[0]![1]!.dataId));
    expect([...one]).toMatchObject([["column-sum.at-once.2.2", { dispatches: 1 }]]);
    for (const i of [0, 2]) {
      const { rows, n, values } = inputs[i]!;
      const got = (await started!.backend.read(all[i]![0]!.dataId)) as Float32Array;
      got.forEach((value, column) => {
        let want = 0;
        for (let row = 0; row < rows; row++) want += values[row * n + column]!;
        expect(Math.abs(value - want)).toBeLessThan(1e-3);
      });
    }
    for (const { dataId } of [...all[0]!, all[2]![0]!]) started!.backend.disposeData(dataId);
    expect(started!.backend.numDataIds()).toBe(0);
  });
});
