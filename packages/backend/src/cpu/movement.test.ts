import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type StartedBackend, startBackend } from "../start-backend.ts";

let started: StartedBackend;
beforeAll(async () => {
  started = await startBackend("cpu", { cpu: { threads: 1 } });
});
afterAll(() => started.dispose());

type Make = (x: tf.Tensor) => tf.Tensor;

/** What a movement gives on a backend, for numbers from 0 on. */
const resultOn = async (backend: string, shape: number[], dtype: "float32" | "int32" | "bool", make: Make) => {
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const size = shape.reduce((a, b) => a * b, 1);
    const numbers = Array.from({ length: size }, (_, n) => (dtype === "bool" ? n % 3 === 0 : n));
    const y = make(tf.tensor(numbers as number[], shape, dtype));
    return { shape: y.shape, dtype: y.dtype, values: [...y.dataSync()] };
  });
};

/** A shape of up to four axes, and for each axis what `of` makes. */
const axesOf = <T>(of: (length: number) => fc.Arbitrary<T>) =>
  fc
    .array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 17, 40)), { minLength: 1, maxLength: 4 })
    .filter((shape) => shape.reduce((a, b) => a * b, 1) < 20_000)
    .chain((shape) => fc.tuple(fc.constant(shape), fc.tuple(...shape.map(of))));

const parts = axesOf((length) =>
  fc
    .tuple(fc.nat(length), fc.nat(length))
    .map(([a, b]) => ({ begin: Math.min(a, b), size: Math.max(a, b) - Math.min(a, b) })),
);
const movements: Record<string, fc.Arbitrary<[number[], Make]>> = {
  slice: parts.map(([shape, axes]) => [
    shape,
    (x) =>
      tf.slice(
        x,
        axes.map(({ begin }) => begin),
        axes.map(({ size }) => size),
      ),
  ]),
  split: axesOf((length) => fc.nat(length)).map(([shape, cuts]) => [
    shape,
    (x) => {
      const axis = shape.length - 1;
      const [first, last] = tf.split(x, [cuts[axis]!, shape[axis]! - cuts[axis]!], -1) as [tf.Tensor, tf.Tensor];
      return tf.concat([last, first], axis);
    },
  ]),
  pad: axesOf(() => fc.tuple(fc.nat(3), fc.nat(3))).map(([shape, paddings]) => [shape, (x) => tf.pad(x, paddings, 7)]),
  tile: axesOf(() => fc.integer({ min: 1, max: 3 })).map(([shape, reps]) => [shape, (x) => tf.tile(x, reps)]),
  transpose: axesOf(() => fc.nat()).map(([shape, keys]) => [
    shape,
    (x) =>
      tf.transpose(
        x,
        [...shape.keys()].toSorted((a, b) => keys[a]! - keys[b]!),
      ),
  ]),
  gather: axesOf(() => fc.nat()).map(([shape, [first = 0, ...others]]) => {
    const axis = first % shape.length;
    const rows = [first, ...others, 3].map((number) => number % shape[axis]!);
    return [shape, (x) => tf.gather(x, tf.tensor(rows, [1, rows.length], "int32"), axis)];
  }),
};

it.each(Object.entries(movements))("%s moves what tfjs-backend-cpu does, of every type", async (_, arbitrary) => {
  await fc.assert(
    fc.asyncProperty(
      arbitrary,
      fc.constantFrom("float32" as const, "int32" as const, "bool" as const),
      async ([shape, make], dtype) => {
        const ours = await resultOn(started.tfjsName, shape, dtype, make);
        expect(ours).toEqual(await resultOn("cpu", shape, dtype, make));
      },
    ),
    { numRuns: 60 },
  );
});

it("takes parts and moves of nothing", async () => {
  await tf.setBackend(started.tfjsName);
  expect(tf.slice(tf.ones([3, 4]), [1, 4], [2, 0]).shape).toEqual([2, 0]);
  expect(tf.transpose(tf.zeros([3, 0, 2]), [2, 1, 0]).shape).toEqual([2, 0, 3]);
  expect(tf.tile(tf.zeros([0, 2]), [3, 1]).shape).toEqual([0, 2]);
  expect([
    ...tf
      .pad(
        tf.zeros([0, 2]),
        [
          [1, 0],
          [0, 1],
        ],
        5,
      )
      .dataSync(),
  ]).toEqual([5, 5, 5]);
});

it("refuses a row that is not there", async () => {
  await tf.setBackend(started.tfjsName);
  const x = tf.zeros([3, 2]);
  expect(() => tf.gather(x, [0, 3])).toThrow(/expected an index of 0 to 2 along axis 0, got 3/);
  expect(() => tf.gather(x, [-1])).toThrow(/got -1/);
});
