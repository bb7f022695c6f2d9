import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it } from "vitest";
import { type StartedBackend, startBackend } from "../start-backend.ts";
import type { CpuBackend } from "./backend.ts";

let started: StartedBackend | undefined;
afterEach(() => {
  started?.dispose();
  started = undefined;
});

const start = async (threads = 2): Promise<CpuBackend> => {
  started = await startBackend("cpu", { cpu: { threads } });
  return tf.backend() as CpuBackend;
};

const random = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);

/** Runs `compute` on tfjs's own `cpu` and on ours, and returns the largest difference. */
const difference = async (compute: () => tf.Tensor, threads = 2): Promise<number> => {
  await start(threads);
  const ours = compute().dataSync() as Float32Array;
  await tf.setBackend("cpu");
  const stock = compute().dataSync();
  expect(ours.length).toBe(stock.length);
  return ours.reduce((worst, value, i) => {
    const off = Math.abs(value - stock[i]!);
    return Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(worst, off);
  }, 0);
};

describe("kernels agree with tfjs-backend-cpu", () => {
  const sizes = [1, 3, 7, 23, 100, 129];
  const cases: [string, () => tf.Tensor][] = [
    ...sizes.map((n): [string, () => tf.Tensor] => [
      `matMul ${n}`,
      () => tf.matMul(random([n, 23], 1), random([23, n], 2)),
    ]),
    ["matMul, k over one block", () => tf.matMul(random([7, 1003], 1), random([1003, 9], 2))],
    ["matMul, transposed a", () => tf.matMul(random([129, 23], 1), random([129, 100], 2), true, false)],
    ["matMul, transposed b", () => tf.matMul(random([23, 129], 1), random([100, 129], 2), false, true)],
    ["matMul, both transposed", () => tf.matMul(random([129, 23], 1), random([100, 129], 2), true, true)],
    ["matMul, batched", () => tf.matMul(random([2, 3, 7, 5], 1), random([2, 3, 5, 9], 2))],
    ["matMul, one b for all", () => tf.matMul(random([6, 7, 5], 1), random([5, 9], 2))],
    ["matMul, large batched", () => tf.matMul(random([2, 170, 160], 1), random([2, 160, 165], 2))],
    ["add", () => tf.add(random([3, 7], 1), random([3, 7], 2))],
    ["sub, one number", () => tf.sub(random([1003], 1), 0.5)],
    ["one number, div", () => tf.div(0.5, tf.add(random([1003], 1), 3))],
    ["mul, rows", () => tf.mul(random([23, 7], 1), random([7], 2))],
    ["maximum, columns", () => tf.maximum(random([23, 7], 1), random([23, 1], 2))],
    ["minimum, trailing axes", () => tf.minimum(random([5, 3, 7], 1), random([3, 7], 2))],
    ["mul, one number a row", () => tf.mul(random([5, 1, 1], 1), random([5, 6, 9], 2))],
    ["sub, a middle axis repeated", () => tf.sub(random([5, 6, 9], 1), random([5, 1, 9], 2))],
    ["div, rows by columns", () => tf.div(random([23, 1], 1), tf.add(random([1, 70], 2), 3))],
    ["add, four axes apart", () => tf.add(random([2, 1, 3, 1], 1), random([1, 5, 1, 7], 2))],
    ["unary", () => tf.neg(tf.sqrt(tf.square(tf.relu(tf.abs(random([129], 1))))))],
    ["rsqrt", () => tf.rsqrt(tf.add(tf.abs(random([129], 1)), 0.5))],
    ["sum of all", () => tf.sum(random([23, 129], 1))],
    ["sum of the last axes", () => tf.sum(random([3, 7, 23], 1), [1, 2])],
    ["sum of the first axis, kept", () => tf.sum(random([100, 23], 1), 0, true)],
    ["sum of a middle axis", () => tf.sum(random([3, 7, 23], 1), 1)],
    ["sum of many rows in the middle", () => tf.sum(random([3, 700, 70], 1), 1)],
    ["sum of a short axis in the middle", () => tf.sum(random([9000, 3, 2], 1), 1)],
    ["sum of two axes apart", () => tf.sum(random([3, 7, 23], 1), [0, 2])],
    ["mean of a middle axis, kept", () => tf.mean(random([3, 700, 70], 1), 1, true)],
    ["mean", () => tf.mean(random([23, 129], 1), -1)],
    ["mean of the first axis", () => tf.mean(random([23, 129], 1), 0)],
    [
      "fill, ones, zeros",
      () => tf.add(tf.fill([20000], 2.5), tf.add(tf.onesLike(random([20000], 1)), tf.zeros([20000]))),
    ],
    ["kernels of tfjs", () => tf.softmax(tf.concat([tf.transpose(random([7, 3], 1)), random([3, 2], 2)], 1))],
    ["integers", () => tf.add(tf.tensor1d([1, 2, 3], "int32"), tf.tensor1d([4, 5, 6], "int32"))],
  ];
  it.each(cases)("%s", async (_, compute) => {
    expect(await difference(compute)).toBeLessThan(2e-5);
  });
});

describe("memory", () => {
  it("reuses freed buffers and hands out copies", async () => {
    const backend = await start();
    const a = tf.add(random([1000], 1), 1);
    const values = a.dataSync();
    const first = values[0];
    const before = backend.bytesInUse;
    for (let i = 0; i < 10; i++) tf.add(a, i).dispose();
    expect(backend.bytesInUse).toBe(before);
    a.dispose();
    expect(backend.bytesInUse).toBeLessThan(before);
    tf.add(random([1000], 2), 5);
    expect(values[0]).toBe(first);
  });

  it("keeps a slice of a tensor that is disposed of", async () => {
    await start();
    const a = tf.add(tf.range(0, 100), 0.5);
    const part = tf.slice(a, [10], [5]);
    a.dispose();
    tf.fill([100], 7).dispose();
    tf.add(tf.zeros([100]), 9);
    expect([...part.dataSync()]).toEqual([10.5, 11.5, 12.5, 13.5, 14.5]);
  });

  it("grows beyond its first 64 MiB", async () => {
    await start();
    const large = Array.from({ length: 3 }, (_, i) => tf.add(tf.fill([8 << 20], i), 1));
    expect(large.map((tensor) => tensor.dataSync()[(8 << 20) - 1])).toEqual([1, 2, 3]);
    tf.dispose(large);
  });

  it("does not read a disposed tensor", async () => {
    await start();
    const a = random([3], 1);
    a.dispose();
    expect(() => tf.add(a, 1)).toThrow(/disposed/);
  });
});

describe("threads", () => {
  it("do not change a single bit", async () => {
    const compute = () => tf.sum(tf.matMul(random([301, 530], 1), random([530, 290], 2)), 0).dataSync();
    const results: Uint8Array[] = [];
    for (const threads of [1, 2, 3, 7]) {
      await start(threads);
      results.push(new Uint8Array(compute().slice().buffer));
      started!.dispose();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  it("survive thousands of small jobs", async () => {
    await start(3);
    const a = tf.ones([40000]);
    let sum = tf.zeros([40000]);
    for (let i = 0; i < 3000; i++) {
      const next = tf.add(sum, a);
      sum.dispose();
      sum = next;
    }
    expect(new Set(sum.dataSync())).toEqual(new Set([3000]));
  });

  it("are refused where they are no count", async () => {
    await expect(start(0)).rejects.toThrow("startBackend: expected threads to be an integer >= 1, got 0");
  });

  it("are refused, before any is started, where nobody has so many cores", async () => {
    await expect(start(1e9)).rejects.toThrow("startBackend: expected threads to be at most 256, got 1000000000");
  });
});

describe("without shared memory", () => {
  it("computes on one thread", async () => {
    const shared = globalThis.SharedArrayBuffer;
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    try {
      await start(4);
      expect(started!.description).toMatch(/1 thread; no shared memory/);
      const large = Array.from({ length: 3 }, (_, i) => tf.add(tf.fill([8 << 20], i), 1));
      expect(large.map((tensor) => tensor.dataSync()[(8 << 20) - 1])).toEqual([1, 2, 3]);
      const product = tf.matMul(tf.ones([3, 4]), tf.ones([4, 2]));
      expect([...product.dataSync()]).toEqual([4, 4, 4, 4, 4, 4]);
    } finally {
      Object.assign(globalThis, { SharedArrayBuffer: shared });
    }
  });
});
