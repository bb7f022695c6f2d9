import { fault, hasCode } from "@cramkit/errors";
import { memory, scalar, tensor1d } from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { adamw, type Gradients, type OptimizerState } from "@cramkit/optim";
import type { GradFn, Progress } from "@cramkit/trainer";
import { expect, it } from "vitest";
import type { NamedTensors } from "../named-tensors.ts";
import { isThrownByAll, withLossOfAll } from "./whole-loss.ts";

/** Two ranks in one process: a sum is there when both have come. */
const twoRanks = () => {
  let waiting: { values: Float32Array | Float64Array; done: () => void } | undefined;
  const sum = (values: Float32Array | Float64Array) =>
    new Promise<void>((done) => {
      if (waiting === undefined) {
        waiting = { values, done };
        return;
      }
      for (const [i, value] of values.entries()) values[i] = value + waiting.values[i]!;
      waiting.values.set(values);
      waiting.done();
      done();
      waiting = undefined;
    });
  return [{ sum }, { sum }];
};

const at = { microbatch: 0, step: 0, fraction: 0 } as unknown as Progress;

type Grad = GradFn<NamedTensors, null, Gradients, OptimizerState>;

const working: Grad = () => ({ loss: scalar(3), grads: { grads: { w: tensor1d([1, 2]) }, targets: 5 } });

it("has all ranks run out of memory if one does, and leaves no tensors behind", async () => {
  const outOfMemory = () => fault({ code: "out-of-memory", place: "device", problem: "out of memory (injected)" });
  const before = memory().numTensors;
  const failing: Grad[] = [
    () => {
      throw outOfMemory();
    },
    () => {
      const loss = scalar(1);
      return {
        loss: { data: () => Promise.reject(outOfMemory()), dispose: () => loss.dispose() },
        grads: { grads: { w: tensor1d([1, 2]) }, targets: 5 },
      };
    },
  ];
  for (const broken of failing) {
    const ranks = twoRanks().map((team, rank) => withLossOfAll(team, rank === 0 ? working : broken, adamw()));
    const errors = await Promise.all(
      ranks.map(async ({ grad, optimizer }) => {
        const params = { w: tensor1d([1, 2]) };
        const state = optimizer.init(params);
        const { loss, grads } = grad(params, null, at, state);
        const error = await Promise.resolve(optimizer.update(grads, state, params, at)).catch(
          (thrown: unknown) => thrown,
        );
        loss.dispose();
        return error;
      }),
    );
    for (const error of errors) expect([hasCode(error, "out-of-memory"), isThrownByAll(error)]).toEqual([true, true]);
    expect((errors[0] as Error).message).toMatch("memory ran out on 1 other ranks");
  }
  // Parameters and states are the caller's: 2 ranks, 2 tries.
  expect(memory().numTensors - before).toBeLessThanOrEqual(4 * 5);
});

it("gives the mean over the targets of all ranks", async () => {
  const other: Grad = () => ({ loss: scalar(1), grads: { grads: { w: tensor1d([1, 2]) }, targets: 15 } });
  const ranks = twoRanks().map((team, rank) => withLossOfAll(team, rank === 0 ? working : other, adamw()));
  const losses = await Promise.all(ranks.map(({ grad }) => grad({}, null, at, {} as OptimizerState).loss.data()));
  expect(losses).toEqual([[1.5], [1.5]]);
});
