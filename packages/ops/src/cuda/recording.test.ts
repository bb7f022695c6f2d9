import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { linear } from "../index.ts";
import { cudaEmulator, startCudaBackend } from "../testing/cuda.testing.ts";
import { createStep, type StepShape } from "../testing/encoder-step.testing.ts";

const { emulator, skipped } = cudaEmulator();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

const shape: StepShape = {
  ...{ layers: 2, hidden: 24, heads: 3, intermediate: 44, gated: true, fused: true, dropout: 0.2 },
  ...{ vocab: 53, batchSize: 2, seqLength: 13, predicted: 0.3 },
};
const rates = [1e-3, 2e-3, 5e-4, 3e-3, 1e-3];

let dispose = () => {};
afterEach(() => {
  dispose();
  dispose = () => {};
});

const paramsOf = (step: ReturnType<typeof createStep>) =>
  step.params().map((param) => Float32Array.from(param.dataSync()));

/** `adamw`'s words, as optimizer/cuda.cu has them. */
const numbersOf = (learningRate: number, step: number) =>
  new Int32Array(Float32Array.of(learningRate, 0.9, 0.98, 1e-12, 1 - 0.9 ** step, 1 - 0.98 ** step).buffer);

describe.runIf(emulator).each(["float32", "mixed"] as const)("a recorded step in %s", (precision) => {
  it("is the step, to the last bit, with the learning rate and the dropout of each", async () => {
    const first = await startCudaBackend(emulator!, { precision, check: false });
    dispose = () => first.dispose();
    const plain = createStep(shape);
    const losses = rates.map((rate) => plain.run(rate));
    const params = paramsOf(plain);
    plain.dispose();
    dispose();

    const { backend, ...started } = await startCudaBackend(emulator!, { precision, check: false });
    dispose = () => started.dispose();
    const step = createStep(shape);
    const replayed = [step.run(rates[0]!)];
    const before = emulator!.get("launches");
    const recording = backend.record(() => step.take(rates[1]!));
    const recorded = emulator!.get("launches") - before;
    expect(recorded).toBeGreaterThan(20);
    expect(recording.numbers.map(({ name }) => name)).toEqual([...Array<string>(4).fill("dropout"), "adamw"]);
    for (let i = 1; i < rates.length; i++) {
      for (const { name, words } of recording.numbers) {
        if (name === "adamw") words.set(numbersOf(rates[i]!, i + 1));
        else words[0] = i + 1;
      }
      recording.replay();
      replayed.push(recording.result.dataSync()[0]!);
    }
    expect(replayed).toEqual(losses);
    expect(paramsOf(step)).toEqual(params);
    // One graph a replay, and no launch.
    expect(emulator!.get("launches") - before).toBe(recorded);
    const { bytesInUse } = backend.counters();
    for (let i = 0; i < 3; i++) recording.replay();
    expect(backend.counters().bytesInUse).toBe(bytesInUse);
    recording.result.dispose();
    recording.dispose();
    expect(() => recording.replay()).toThrow("disposed");
    step.run();
    step.dispose();
    dispose();
    expect([emulator!.get("bytes"), emulator!.get("allocations")]).toEqual([0, 0]);
  });

  it("takes inputs that are assigned, and leaves what it is told to", async () => {
    const { backend, ...started } = await startCudaBackend(emulator!, { precision, check: true });
    dispose = () => started.dispose();
    const [x, total] = [tf.tensor1d([1, 2, 3]), tf.scalar(0)];
    const body = () => tf.tidy(() => backend.overwrite(total, tf.add(total, tf.sum(tf.mul(x, tf.scalar(2))))));
    body();
    expect(total.dataSync()[0]).toBe(12);
    const recording = backend.record(body);
    expect(total.dataSync()[0]).toBe(12);
    recording.replay();
    expect(total.dataSync()[0]).toBe(24);
    backend.assign(x, Float32Array.of(10, 0, 0));
    recording.replay();
    // Memory that others take between replays is not the recording's.
    const others = tf.tidy(() => tf.add(tf.zeros([3]), tf.ones([3])));
    recording.replay();
    expect(total.dataSync()[0]).toBe(64);
    expect([...others.dataSync()]).toEqual([1, 1, 1]);
    expect(() => backend.assign(x, Float32Array.of(1))).toThrow("expected 3 values, got 1");
    recording.dispose();
  });

  it("reads arrays anew that are its inputs, and has no part in what was put off before it", async () => {
    const { backend, ...started } = await startCudaBackend(emulator!, { precision, check: false });
    dispose = () => started.dispose();
    const weight = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const ids = Int32Array.of(1, 2);
    // The gradient of a weight waits for others of its kind until something asks for it.
    const gradient = () =>
      tf.grad((w) =>
        tf.sum(linear(tf.reshape(tf.cast(tf.tensor1d(ids, "int32"), "float32"), [1, 2]), tf.transpose(w))),
      )(weight);
    const before = gradient();
    const recording = backend.record(gradient, { inputs: [ids] });
    const other = gradient();
    ids.set([5, 7]);
    recording.replay();
    expect([...recording.result.dataSync()]).toEqual([5, 5, 5, 7, 7, 7]);
    expect([...before.dataSync()]).toEqual([1, 1, 1, 2, 2, 2]);
    expect([...other.dataSync()]).toEqual([1, 1, 1, 2, 2, 2]);
    recording.dispose();
  });

  it("gives its memory away when something else has none", async () => {
    emulator!.set("memoryBytes", 2 ** 20);
    const { backend, ...started } = await startCudaBackend(emulator!, { precision, check: false });
    dispose = () => {
      started.dispose();
      emulator!.set("memoryBytes", 2 ** 34);
    };
    const x = tf.ones([50_000]);
    const recording = backend.record(() => tf.tidy(() => tf.sum(tf.square(tf.exp(x)))));
    recording.replay();
    const large = () => tf.tidy(() => tf.sum(tf.fill([180_000], 1)).dataSync()[0]);
    expect(large).toThrow("expected room for 720000 more bytes");
    backend.whenFull = () => {
      recording.result.dispose();
      recording.dispose();
    };
    expect(large()).toBe(180_000);
  });

  it("refuses what a graph cannot have, and goes on without it", async () => {
    const { backend, ...started } = await startCudaBackend(emulator!, { precision });
    dispose = () => started.dispose();
    const x = tf.tensor1d([1, 2, 3]);
    expect(() => backend.record(() => tf.square(x).dataSync())).toThrow("values were read while a step is recorded");
    expect(() => backend.record(() => backend.record(() => undefined))).toThrow("while a step is recorded");
    expect(() => backend.record(() => backend.written(tf.tensor1d([1, 2])))).toThrow("made of values was written");
    expect([...tf.square(x).dataSync()]).toEqual([1, 4, 9]);
  });
});
