import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type StartedBackend, startBackend } from "../start-backend.ts";

let backend: StartedBackend;
beforeAll(async () => {
  backend = await startBackend("cpu");
});
afterAll(() => backend.dispose());

it.each(["int32", "bool"] as const)("converts %s to float32 before a kernel reads it", async (dtype) => {
  const sum = tf.add(tf.cast(tf.tensor1d([1, 0, 1], dtype), "float32"), tf.tensor1d([0.5, 0.5, 0.5]));
  expect(Array.from(await sum.data())).toEqual([1.5, 0.5, 1.5]);
});

it("leaves the tensor that was cast as it is", async () => {
  const ids = tf.tensor1d([3, 4], "int32");
  tf.square(tf.cast(ids, "float32"));
  expect(Array.from(await ids.data())).toEqual([3, 4]);
});
