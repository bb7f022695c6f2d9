import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { findLibrary, startCpuBackend, startStockCpu } from "../testing/backend.testing.ts";
import { createStep, type StepShape } from "../testing/encoder-step.testing.ts";

const shape: StepShape = {
  ...{ layers: 2, hidden: 20, heads: 2, intermediate: 36 },
  ...{ vocab: 51, batchSize: 3, seqLength: 11, predicted: 0.3 },
};

const library = await findLibrary();
if (!library.isThere) console.warn("training.test: no library for matrix products; training with one is NOT tested");

let dispose = () => {};
afterEach(() => {
  dispose();
  dispose = () => {};
});

/** Losses of `steps` steps and the weights after them. */
const train = async (start: () => Promise<{ dispose(): void }>, steps: number) => {
  ({ dispose } = await start());
  const step = createStep(shape);
  const losses = Array.from({ length: steps }, () => step.run());
  const params = step.params().map((param) => Float32Array.from(param.dataSync()));
  step.dispose();
  return { losses, params };
};

describe("training on the CPU backend", () => {
  it("follows tfjs-backend-cpu for 50 optimizer steps to 1e-4", async () => {
    const stock = await train(startStockCpu, 50);
    const ours = await train(() => startCpuBackend({ threads: 2 }), 50);
    expect(stock.losses[49]).toBeLessThan(0.8 * stock.losses[0]!);
    for (const [i, loss] of ours.losses.entries()) {
      expect(Math.abs(loss - stock.losses[i]!) / stock.losses[i]!, `loss ${i}`).toBeLessThan(1e-4);
    }
    for (const [i, param] of ours.params.entries()) {
      const off =
        Math.hypot(...param.map((value, j) => value - stock.params[i]![j]!)) / Math.hypot(...stock.params[i]!);
      expect(off, `weight ${i}`).toBeLessThan(1e-4);
    }
  });

  it("gives the same bits on any number of threads", async () => {
    const runs = [];
    for (const threads of [1, 2, 3]) {
      runs.push(await train(() => startCpuBackend({ threads }), 5));
      dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  const byLibrary = { threads: 2, products: "library", libraryFrom: 1 } as const;

  it.skipIf(!library.isThere)("follows WebAssembly for 50 steps to 1e-5 with products of a library", async () => {
    const wasm = await train(() => startCpuBackend({ threads: 2 }), 50);
    dispose();
    const ours = await train(() => startCpuBackend(byLibrary), 50);
    expect(ours.losses).not.toEqual(wasm.losses);
    for (const [i, loss] of ours.losses.entries())
      expect(Math.abs(loss - wasm.losses[i]!) / wasm.losses[i]!, `loss ${i}`).toBeLessThan(1e-5);
  });

  it.skipIf(!library.isThere)("gives the same bits on any number of threads with products of a library", async () => {
    const runs = [];
    for (const threads of [1, 2, 3]) {
      runs.push(await train(() => startCpuBackend({ ...byLibrary, threads }), 5));
      dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it.skipIf(!library.bf16)("learns in mixed precision what it learns in float32", async () => {
    const full = await train(() => startCpuBackend({ threads: 2 }), 50);
    dispose();
    const mixed = await train(() => startCpuBackend({ ...byLibrary, precision: "mixed" }), 50);
    for (const [i, loss] of mixed.losses.entries())
      expect(Math.abs(loss - full.losses[i]!) / full.losses[i]!, `loss ${i}`).toBeLessThan(2e-2);
    expect(mixed.losses).not.toEqual(full.losses);
  });

  it("keeps the number of tensors and the memory flat", async () => {
    ({ dispose } = await startCpuBackend({ threads: 2 }));
    const step = createStep(shape);
    step.run();
    const backend = tf.backend() as unknown as { bytesInUse: number };
    const before = { ...tf.memory(), bytesInUse: backend.bytesInUse };
    for (let i = 0; i < 5; i++) step.run();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(backend.bytesInUse).toBe(before.bytesInUse);
    step.dispose();
  });
});
