import { tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniform } from "../../conformance-case.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../../testing/adapter.testing.ts";
import type { Host } from "../host.ts";
import { weightGradient } from "./weight-gradients.ts";

const tiers = await testableTiers();
if (tiers.length === 0) it.skip("no WebGPU adapter: NOTHING was tested", () => undefined);

/** [m, n, k] */
type Shape = [number, number, number];

const largestError = (got: ArrayLike<number>, [m, n, k]: Shape, dy: Float32Array, x: Float32Array): number => {
  let [error, largest] = [0, 0];
  for (let i = 0; i < m * n; i++) {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += dy[l * m + Math.floor(i / n)]! * x[l * n + (i % n)]!;
    largest = Math.max(largest, Math.abs(sum));
    if (!(Math.abs(got[i]! - sum) <= error)) error = Math.abs(got[i]! - sum);
  }
  return error / largest;
};

const settings = [
  { tier: "float32", options: { tier: "float32" }, tolerance: 1e-5 },
  {
    tier: "float16",
    options: { emulatedUnit: { m: 16, n: 16, k: 16 }, variants: { gemm: "matrix.64x64" } },
    tolerance: 3e-3,
  },
] as const;

describe.each(settings.filter(({ tier }) => tiers.includes(tier)))("gradients of weights, $options", (setting) => {
  let started: TestBackend | undefined;
  beforeAll(async () => {
    started = await startTestBackend({ ...setting.options, storageBuffers: 16 });
    started.backend.poison = true;
  });
  afterAll(() => started?.dispose());

  /** Starts all gradients, then disposes of the operands. */
  const begin = (shapes: readonly Shape[]) =>
    shapes.map((shape, i) => {
      const [m, n, k] = shape;
      const [dy, x] = [uniform([k, m], i + 1).values as Float32Array, uniform([k, n], 50 + i).values as Float32Array];
      const [dyTensor, xTensor] = [tensor(dy, [k, m]), tensor(x, [k, n])];
      const result = weightGradient(started!.backend as unknown as Host, dyTensor, xTensor, shape);
      dyTensor.dispose();
      xTensor.dispose();
      return { shape, dy, x, result };
    });
  const check = async (all: ReturnType<typeof begin>) => {
    for (const { shape, dy, x, result } of all) {
      const got = (await started!.backend.read(result.dataId)) as Float32Array;
      expect(largestError(got, shape, dy, x), `${shape}`).toBeLessThan(setting.tolerance);
      started!.backend.disposeData(result.dataId);
    }
  };

  it("are computed when one is asked for, in one dispatch, with the operands gone", async () => {
    const before = started!.backend.numDataIds();
    let all: ReturnType<typeof begin> = [];
    const early = started!.backend.countTraffic(() => {
      all = begin([
        [64, 64, 64],
        [128, 64, 128],
        [64, 64, 192],
      ]);
    });
    expect([...early.keys()].filter((key) => key.startsWith("gemm"))).toEqual([]);
    const late = started!.backend.countTraffic(() => started!.backend.uploadToGPU(all[1]!.result.dataId));
    expect([...late].map(([key, { dispatches }]) => [key.split(".").at(-1), dispatches])).toEqual([["together3", 1]]);
    await check(all);
    expect(started!.backend.numDataIds()).toBe(before);
  });

  // A software adapter takes half a minute for some of these kernels: all of them in float32 only.
  it("of odd shapes, and in parts", async () => {
    const [first, ...others]: Shape[] = [
      [64, 64, 2100],
      [37, 44, 100],
      [20, 24, 2100],
      [21, 23, 2100],
      [1, 3, 1],
      [64, 64, 1],
    ];
    await check(begin(setting.tier === "float32" ? [first!, ...others] : [first!]));
  });

  it("leave nothing behind if nobody asks for them", async () => {
    const before = started!.backend.numDataIds();
    const used = started!.backend.memory().numBytesInGPU;
    const all = begin([
      [64, 64, 64],
      [64, 128, 64],
    ]);
    for (const { result } of all.slice(1)) started!.backend.disposeData(result.dataId);
    await check(all.slice(0, 1));
    for (const { result } of begin([[64, 64, 64]])) started!.backend.disposeData(result.dataId);
    expect(started!.backend.numDataIds()).toBe(before);
    // Buffers that small values share go with a submit.
    started!.backend.submitQueue();
    expect(started!.backend.memory().numBytesInGPU).toBe(used);
  });

  it("are the same to the last bit, alone or with others, if the contraction has as many parts", async () => {
    const shape: Shape = [64, 64, 64];
    const alone = begin([shape]);
    const one = await started!.backend.read(alone[0]!.result.dataId);
    const three = begin([shape, [128, 64, 128], [64, 64, 192]]);
    expect(await started!.backend.read(three[0]!.result.dataId)).toEqual(one);
    for (const { result } of [...alone, ...three]) started!.backend.disposeData(result.dataId);
  });
});
