import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { optimizerKernels } from "../index.ts";
import { startCpuBackend } from "../testing/backend.testing.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";
import { createStep, type StepShape } from "../testing/encoder-step.testing.ts";
import { errorOfLists } from "../testing/list-error.testing.ts";

const { emulator, skipped } = cudaEmulator();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const shape: StepShape = {
  ...{ layers: 2, hidden: 20, heads: 2, intermediate: 36 },
  ...{ vocab: 51, batchSize: 3, seqLength: 11, predicted: 0.3 },
};

let dispose = () => {};
afterEach(() => {
  dispose();
  dispose = () => {};
});

const train = async (start: () => Promise<{ dispose(): void }>, steps: number, of: StepShape = shape) => {
  ({ dispose } = await start());
  const step = createStep(of);
  const losses = Array.from({ length: steps }, () => step.run());
  const params = step.params().map((param) => Float32Array.from(param.dataSync()));
  step.dispose();
  dispose();
  return { losses, params };
};

describe.runIf(emulator)("lists of tensors on an emulated card", () => {
  it("are updated by one launch as each tensor would be alone, whatever their lengths", async () => {
    const { backend, ...started } = await startCudaBackend(emulator!);
    dispose = () => started.dispose();
    expect(errorOfLists()).toBeLessThan(1e-6);
    const run = backend.kernelsRun();
    expect(["adamw", "accumulate", "global_norm"].map((kernel) => run.get(kernel))).toEqual([4, 1, 1]);
  });
});

describe.runIf(emulator)("clipping on an emulated card", () => {
  it.each([
    ["a norm above it", [3, 4, 12], undefined, { norm: 13, factor: 2 / 13, skipped: 5, skippedInARow: 0 }],
    ["a norm below it", [0.3, 0.4], 0.5, { norm: 0.25, factor: 0.5, skipped: 5, skippedInARow: 0 }],
    [
      "a norm that is not finite",
      [1, Number.NaN],
      undefined,
      { norm: Number.NaN, factor: Number.NaN, skipped: 6, skippedInARow: 3 },
    ],
    ["an infinite one", [1, Infinity], 2, { norm: Infinity, factor: 0, skipped: 6, skippedInARow: 3 }],
  ] as const)("takes %s in one launch", async (_, values, gradScale, wanted) => {
    const { backend, ...started } = await startCudaBackend(emulator!);
    dispose = () => started.dispose();
    const { clip } = optimizerKernels()!;
    const grads = values.map((value) => tf.tensor1d([value]));
    const counts = { skipped: tf.scalar(5), skippedInARow: tf.scalar(2) };
    const scale = gradScale === undefined ? undefined : tf.scalar(gradScale);
    const { launches } = backend.counters();
    for (let i = 0; i < 2; i++) {
      const got = clip!(grads, counts, { maxNorm: 2, gradScale: scale });
      for (const [name, tensor] of Object.entries(got)) {
        const [value] = tensor.dataSync();
        const expected = wanted[name as keyof typeof wanted];
        if (Number.isFinite(expected)) expect(value, name).toBeCloseTo(expected, 5);
        else expect(value, name).toBe(expected);
      }
    }
    expect(backend.counters().launches - launches).toBe(2);
  });
});

describe.runIf(emulator)("a step as models are written, on an emulated card", () => {
  const fused: StepShape = {
    ...{ layers: 6, hidden: 24, heads: 3, intermediate: 44, gated: true, fused: true },
    ...{ vocab: 53, batchSize: 2, seqLength: 13, predicted: 0.3 },
  };
  const gradientsOn = async (start: () => Promise<{ dispose(): void }>) => {
    ({ dispose } = await start());
    const step = createStep(fused);
    const gradients = step.gradients();
    const losses = [1, 2, 3].map(() => step.run());
    const { numTensors, numDataBuffers } = tf.memory();
    losses.push(step.run());
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    step.dispose();
    dispose();
    return { gradients, losses };
  };
  /** The largest relative L2 distance of a gradient. */
  const distanceOf = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
    Math.max(...a.map((x, i) => Math.hypot(...x.map((v, j) => v - b[i]![j]!)) / Math.hypot(...b[i]!)));

  it.each([
    ["float32", 80, 1e-5, 1e-4],
    // Six layers of eight bits: residual gradients are halves too.
    ["mixed", 80, 2e-2, 1e-3],
    ["mixed", 75, 3e-3, 3e-4],
  ] as const)(
    "in %s of capability %d has the gradients and losses of the CPU backend",
    async (precision, capability, far, lossFar) => {
      emulator!.set("major", Math.floor(capability / 10));
      emulator!.set("minor", capability % 10);
      const wanted = await gradientsOn(() => startCpuBackend({ threads: 1 }));
      const got = await gradientsOn(() => startCudaBackend(emulator!, { precision }));
      emulator!.set("major", 8);
      emulator!.set("minor", 0);
      expect(distanceOf(got.gradients, wanted.gradients)).toBeLessThan(far);
      for (const [i, loss] of got.losses.entries())
        expect(Math.abs(loss / wanted.losses[i]! - 1)).toBeLessThan(lossFar);
      expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
    },
  );
});

describe.runIf(emulator)("training on an emulated card", () => {
  it("follows the CPU backend for 50 optimizer steps to 1e-4", { timeout: 180_000 }, async () => {
    const cpu = await train(() => startCpuBackend({ threads: 1 }), 50);
    const cuda = await train(() => startCudaBackend(emulator!, { check: false }), 50);
    expect(cpu.losses[49]).toBeLessThan(0.8 * cpu.losses[0]!);
    const references = await train(() => startCudaBackend(emulator!, { check: false, references: true }), 5);
    for (const [i, loss] of references.losses.entries())
      expect(Math.abs(loss - cpu.losses[i]!) / cpu.losses[i]!, `loss ${i} of the references`).toBeLessThan(1e-4);
    const mixed = await train(() => startCudaBackend(emulator!, { check: false, precision: "mixed" }), 20);
    expect(mixed.losses).not.toEqual(cuda.losses);
    for (const [i, loss] of mixed.losses.entries())
      expect(Math.abs(loss - cpu.losses[i]!) / cpu.losses[i]!, `loss ${i} in mixed precision`).toBeLessThan(2e-2);
    for (const [i, loss] of cuda.losses.entries())
      expect(Math.abs(loss - cpu.losses[i]!) / cpu.losses[i]!, `loss ${i}`).toBeLessThan(1e-4);
    for (const [i, param] of cuda.params.entries()) {
      const off = Math.hypot(...param.map((value, j) => value - cpu.params[i]![j]!)) / Math.hypot(...cpu.params[i]!);
      expect(off, `weight ${i}`).toBeLessThan(1e-4);
    }
  });

  it("repeats itself to the last bit, whatever order warps run in", async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) runs.push(await train(() => startCudaBackend(emulator!), 3));
    expect(runs[1]).toEqual(runs[0]);
  });

  it("keeps tensors and memory flat, and asks the driver for no memory after its first steps", async () => {
    const { backend, ...started } = await startCudaBackend(emulator!, { check: false });
    dispose = () => started.dispose();
    const step = createStep(shape);
    for (let i = 0; i < 2; i++) step.run();
    const before = { ...tf.memory(), counters: backend.counters() };
    for (let i = 0; i < 5; i++) step.run();
    const after = backend.counters();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
    expect(after.bytesInUse).toBe(before.counters.bytesInUse);
    expect(after.allocations).toBe(before.counters.allocations);
    const launches = backend.counters().launches;
    step.run();
    // What a step of this encoder of two layers launches.
    expect(backend.counters().launches - launches).toBe(60);
    step.dispose();
    dispose();
    expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
  });
});

describe.runIf(emulator)("training in mixed precision on an emulated card", () => {
  // Wide enough for tiles of 128.
  const wide: StepShape = {
    ...{ layers: 2, hidden: 96, heads: 3, intermediate: 160 },
    ...{ vocab: 104, batchSize: 6, seqLength: 16, predicted: 0.9, gated: true, fused: true },
  };
  const losses = async (products: "mma" | "wgmma" | "cublaslt") => {
    let started: Awaited<ReturnType<typeof startCudaBackend>>;
    const kernels = new Set<string>();
    const result = await train(
      async () => {
        const productsLibrary = emulator!.library;
        started = await startCudaBackend(emulator!, { precision: "mixed", products, productsLibrary });
        return {
          dispose: () => {
            for (const kernel of started.backend.kernelsRun().keys()) kernels.add(kernel);
            started.dispose();
          },
        };
      },
      3,
      wide,
    );
    return { ...result, kernels };
  };
  const used = {
    wgmma: ["product_wgmma_nn", "products_wgmma_tt", "gated_forward_wgmma"],
    cublaslt: ["cublasLtMatmul"],
  };

  it("takes nearly the same steps whatever multiplies", { timeout: 120_000 }, async () => {
    emulator!.set("major", 9);
    try {
      const wanted = await losses("mma");
      for (const products of ["wgmma", "cublaslt"] as const) {
        const got = await losses(products);
        for (const kernel of used[products]) expect(got.kernels, products).toContain(kernel);
        for (const [i, loss] of got.losses.entries())
          expect(Math.abs(loss / wanted.losses[i]! - 1), `${products}, step ${i}`).toBeLessThan(2e-3);
      }
    } finally {
      emulator!.set("major", 8);
    }
  });
});
