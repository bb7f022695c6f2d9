import * as tf from "@tensorflow/tfjs-core";
import { afterEach, expect, it } from "vitest";
import { cudaTests } from "../cuda.testing.ts";
import { type CudaOptions, type StartedCuda, startCuda } from "../start.ts";

const { emulator, skipped } = cudaTests();
if (!emulator) it.skip(`NOTHING was tested: ${skipped}`, () => undefined);

let started: StartedCuda | undefined;
const start = async (options: CudaOptions = {}) => {
  started = await startCuda({ library: emulator!.library, check: true, ...options });
  return started.backend;
};
afterEach(() => {
  started?.dispose();
  expect(emulator?.get("bytes") ?? 0).toBe(0);
});

/** Sums and quarters that eight bits hold. */
const exact = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 31) - 15.5);

it.runIf(emulator).each([1, 3, 4, 7, 1023, 4097])("%d values become halves and come back", async (n) => {
  const backend = await start({ precision: "mixed" });
  const [x, one] = [tf.tensor1d(exact(n)), tf.tensor1d([1])];
  const y = backend.halfOutput([n]);
  backend.multiply({
    ...{ m: n, n: 1, k: 1, c: y, mixed: true },
    ...{ a: { x, across: 1, along: 1 }, b: { x: one, across: 1, along: 1 } },
  });
  expect([backend.form(x).half, backend.form(y).half]).toEqual([false, true]);
  const { launches } = backend.counters();
  expect([...(backend.readSync(y.dataId) as Float32Array)]).toEqual([...exact(n)]);
  backend.half(x);
  expect(backend.counters().launches - launches).toBe(1);
  backend.disposeData(y.dataId);
  tf.dispose([x, one]);
  expect(backend.counters().bytesInUse).toBe(0);
});

it.runIf(emulator)(
  "rounds to the nearest half, widens again, and drops halves of a tensor that was written",
  async () => {
    const backend = await start({ precision: "mixed" });
    const [m, n] = [5, 7];
    const [x, identity] = [tf.tensor2d(exact(m * n), [m, n]), tf.eye(n)];
    const y = backend.halfOutput([m, n]);
    backend.multiply({
      ...{ m, n, k: n, c: y, mixed: true },
      ...{ a: { x, across: n, along: 1 }, b: { x: identity, across: n, along: 1 } },
    });
    expect(backend.form(y).half).toBe(true);
    const kept = backend.keptHalf(x);
    expect(kept).toBeDefined();
    expect([...(backend.readSync(y.dataId) as Float32Array)]).toEqual([...exact(m * n)]);
    // It exists as both now.
    expect(backend.form(y).half).toBe(false);
    backend.written(x, true);
    expect(backend.keptHalf(x)).toBe(kept);
    backend.written(x);
    expect(backend.keptHalf(x)).toBeUndefined();
    backend.disposeData(y.dataId);
    tf.dispose([x, identity]);
    expect(backend.counters().bytesInUse).toBe(0);
  },
);

it.runIf(emulator)("has no halves in float32", async () => {
  const backend = await start();
  const y = backend.halfOutput([3]);
  expect(backend.form(y).half).toBe(false);
  backend.disposeData(y.dataId);
});

it.runIf(emulator)("computes what was put off when something asks for it, and says when nothing will", async () => {
  const backend = await start();
  const said: string[] = [];
  const asked = backend.deferredOutput([2], {
    fill: () => {
      said.push("asked");
      backend.pointer(asked);
    },
  });
  const dropped = backend.deferredOutput([2], { fill: () => said.push("never"), dropped: () => said.push("dropped") });
  backend.hold(dropped);
  expect(backend.disposeData(dropped.dataId)).toBe(true);
  // Somebody may still ask for it.
  expect(said).toEqual([]);
  const count = backend.numDataIds();
  backend.letGo(dropped);
  expect(backend.numDataIds()).toBe(count);
  backend.readSync(asked.dataId);
  backend.readSync(asked.dataId);
  expect(said).toEqual(["dropped", "asked"]);
  backend.disposeData(asked.dataId);
  expect(backend.numDataIds()).toBe(count - 1);
});
