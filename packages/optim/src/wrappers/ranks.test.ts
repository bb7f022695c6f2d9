import "@tensorflow/tfjs-backend-cpu";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  accumulate,
  adamw,
  allReduce,
  clip,
  disposeState,
  joinLocalSteps,
  type LocalStepsOptions,
  localSteps,
  type Optimizer,
  sgd,
  stateLayout,
  stateTensors,
  stepsApart,
  type Updating,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { type Numbers, numbers, progressAt, read, tensors, worstError } from "../testing/numbers.testing.ts";
import { ranksInProcess } from "../testing/ranks.testing.ts";

type Microbatch = { grads: Numbers; targets?: number };

const descend = async (optimizer: Optimizer<Updating>, microbatches: readonly Microbatch[]) => {
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  for (const [i, { grads, targets }] of microbatches.entries()) {
    const measured = { grads: tensors(grads), ...(targets !== undefined && { targets }) };
    ({ params, state } = await optimizer.update(measured, state, params, progressAt(i)));
  }
  const values = Object.fromEntries(Object.entries(await read(params)).map(([name, list]) => [name, [...list]]));
  disposeMap(params);
  disposeState(state);
  return values;
};

const uneven = (steps: number, ranks: number): Microbatch[][] =>
  Array.from({ length: ranks }, (_, rank) =>
    Array.from({ length: steps }, (_, step) => ({
      grads: numbers(2 + step * ranks + rank),
      targets: [31, 1, 12, 7][(step + rank) % 4]!,
    })),
  );

const interleaved = (parts: readonly Microbatch[][]): Microbatch[] =>
  parts[0]!.flatMap((_, step) => parts.map((part) => part[step]!));

it.each([1, 2, 4])("%i ranks take the steps of one with the whole batch, and agree to the last bit", async (size) => {
  const before = memory().numTensors;
  const perRank = 2; // microbatches of a step
  const parts = uneven(3 * perRank, size);
  const inner = () => clip(adamw({ learningRate: 0.05 }), { maxNorm: 0.5 });
  const results = await Promise.all(
    ranksInProcess(size).map((ranks, rank) =>
      descend(accumulate(allReduce(inner(), { ranks }), { batchSize: perRank, microbatchSize: 1 }), parts[rank]!),
    ),
  );
  for (const result of results) expect(result).toEqual(results[0]);
  const whole = await descend(
    accumulate(inner(), { batchSize: perRank * size, microbatchSize: 1 }),
    interleaved(parts),
  );
  expect(worstError(results[0]!, whole)).toBeLessThan(1e-5);
  expect(memory().numTensors).toBe(before);
});

it("weighs ranks the same if their gradients do not say of how many targets they are", async () => {
  const parts = [[{ grads: numbers(2) }], [{ grads: numbers(3) }]];
  const plain = () => sgd({ learningRate: 0.1, weightDecay: 0 });
  const results = await Promise.all(
    ranksInProcess(2).map((ranks, rank) => descend(allReduce(plain(), { ranks }), parts[rank]!)),
  );
  const whole = await descend(accumulate(plain(), { batchSize: 2, microbatchSize: 1 }), parts.flat());
  expect(worstError(results[0]!, whole)).toBeLessThan(1e-6);
});

it("skips the step on every rank if one rank's gradients are not finite", async () => {
  const broken = Object.fromEntries(
    Object.entries(numbers(2)).map(([name, list]) => [name, list.map(() => Number.NaN)]),
  );
  const parts = [[{ grads: numbers(2) }], [{ grads: broken }]];
  const results = await Promise.all(
    ranksInProcess(2).map((ranks, rank) => descend(allReduce(clip(adamw()), { ranks }), parts[rank]!)),
  );
  for (const result of results) expect(result).toEqual(await descend(clip(adamw()), []));
});

it("takes nothing from a rank whose microbatch has no target", async () => {
  const nothing = Object.fromEntries(
    Object.entries(numbers(2)).map(([name, list]) => [name, list.map(() => Number.NaN)]),
  );
  const parts: Microbatch[][] = [[{ grads: numbers(2), targets: 5 }], [{ grads: nothing, targets: 0 }]];
  const results = await Promise.all(
    ranksInProcess(2).map((ranks, rank) => descend(allReduce(clip(adamw()), { ranks }), parts[rank]!)),
  );
  const alone = await descend(clip(adamw()), parts[0]!);
  for (const result of results) expect(worstError(result, alone)).toBeLessThan(1e-6);
});

it("localSteps follows its equation, and ranks agree after every exchange", async () => {
  const before = memory().numTensors;
  const [size, every] = [3, 4];
  const parts = uneven(2 * every, size);
  const rate = { learningRate: 0.1, weightDecay: 0 };
  const outer = { every, outerLearningRate: 0.5, outerMomentum: 0.8 };
  const results = await Promise.all(
    ranksInProcess(size).map((ranks, rank) =>
      descend(localSteps(sgd({ ...rate, momentum: 0 }), { ranks, ...outer }), parts[rank]!),
    ),
  );
  for (const result of results) expect(result).toEqual(results[0]);
  // In float64: SGD without momentum moves by the rate times the sum of the gradients.
  const expected = structuredClone(numbers(1)) as Record<string, number[]>;
  for (const [name, anchor] of Object.entries(expected)) {
    const momentum = anchor.map(() => 0);
    for (const round of [0, 1])
      anchor.forEach((value, i) => {
        let delta = 0;
        for (const part of parts)
          for (const { grads } of part.slice(round * every, (round + 1) * every))
            delta += (0.1 * grads[name]![i]!) / size;
        momentum[i] = 0.8 * momentum[i]! + delta;
        anchor[i] = value - 0.5 * (delta + 0.8 * momentum[i]!);
      });
  }
  expect(worstError(results[0]!, expected)).toBeLessThan(1e-5);
  expect(memory().numTensors).toBe(before);
});

it("localSteps with one rank, one step and an outer rate of 1 without momentum is its inner optimizer", async () => {
  const [ranks] = ranksInProcess(1);
  const [part] = uneven(5, 1);
  const options = { every: 1, outerLearningRate: 1, outerMomentum: 0 };
  const wrapped = await descend(localSteps(adamw(), { ranks: ranks!, ...options }), part!);
  expect(worstError(wrapped, await descend(adamw(), part!))).toBeLessThan(1e-6);
});

it("localSteps leaves one state on all ranks, from which any number goes on, and may exchange before its time", async () => {
  const before = memory().numTensors;
  const options = { every: 3, outerLearningRate: 0.7, outerMomentum: 0.9 };
  const parts = uneven(8, 2);
  const made = (ranks: LocalStepsOptions["ranks"]) =>
    accumulate(localSteps(clip(adamw(), { maxNorm: 1 }), { ranks, ...options }), { batchSize: 2, microbatchSize: 1 });
  const ends = await Promise.all(
    ranksInProcess(2).map(async (ranks, rank) => {
      const optimizer = made(ranks);
      let params = tensors(numbers(1));
      let state = optimizer.init(params);
      const apart: number[] = [];
      for (const [i, { grads }] of parts[rank]!.entries()) {
        ({ params, state } = await optimizer.update(tensors(grads), state, params, progressAt(i)));
        apart.push(stepsApart(state));
      }
      expect(apart).toEqual([0, 1, 1, 2, 2, 0, 0, 1]);
      ({ params, state } = await joinLocalSteps({ params, state }, { ranks, ...options }));
      expect(stepsApart(state)).toBe(0);
      const layout = stateLayout(state);
      const values = [await read(params), await read(stateTensors(state))];
      disposeMap(params);
      disposeState(state);
      return { layout, values };
    }),
  );
  expect(ends[0]).toEqual(ends[1]);
  expect(memory().numTensors).toBe(before);
});
