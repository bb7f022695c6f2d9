import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { startCpuBackend } from "../testing/backend.testing.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";
import { createStep, type StepShape } from "../testing/encoder-step.testing.ts";

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

const train = async (start: () => Promise<{ dispose(): void }>, steps: number) => {
  ({ dispose } = await start());
  const step = createStep(shape);
  const losses = Array.from({ length: steps }, () => step.run());
  const params = step.params().map((param) => Float32Array.from(param.dataSync()));
  step.dispose();
  dispose();
  return { losses, params };
};

describe.runIf(emulator)("training on an emulated card", () => {
  it("follows the CPU backend for 50 optimizer steps to 1e-4", async () => {
    const cpu = await train(() => startCpuBackend({ threads: 1 }), 50);
    const cuda = await train(() => startCudaBackend(emulator!, { check: false }), 50);
    expect(cpu.losses[49]).toBeLessThan(0.8 * cpu.losses[0]!);
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
    step.dispose();
    dispose();
    expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
  });
});
