import { mul, scalar, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniform } from "../conformance-case.ts";
import { runKernel } from "../dispatch.ts";
import { startTestBackend, type TestBackend, testableTiers } from "../testing/adapter.testing.ts";

const tiers = await testableTiers();
let started: TestBackend | undefined;
beforeAll(async () => {
  if (tiers.length > 0) started = await startTestBackend();
});
afterAll(() => started?.dispose());

it.runIf(tiers.length > 0).each([
  [8, 1, 0],
  [8, 3, 1],
  [7, -0.5, 1],
  [7, 1, 0],
])("%d values by %d take %d dispatches", async (length, factor, dispatches) => {
  const { values } = uniform([length], length);
  const [x, by] = [tensor(values), scalar(factor)];
  let y: Tensor | undefined;
  const counted = started!.backend.countTraffic(() => {
    y = runKernel("CramkitScale", { x, factor: by }) as Tensor;
  });
  expect(counted.size).toBe(dispatches);
  // The result outlives what it was made of.
  x.dispose();
  expect(Array.from(await y!.data())).toEqual(Array.from(values, (value) => Math.fround(factor * value)));
  y!.dispose();
  by.dispose();
  expect(started!.backend.numDataIds()).toBe(0);
});

it.runIf(tiers.length > 0)("a factor that a kernel wrote is read on the device", async () => {
  const [x, two, half] = [tensor([2, 4, 6, 8]), scalar(2), scalar(0.5)];
  const one = mul(two, half);
  const y = runKernel("CramkitScale", { x, factor: one }) as Tensor;
  expect([...(await y.data())]).toEqual([2, 4, 6, 8]);
  for (const each of [x, two, half, one, y]) each.dispose();
});
