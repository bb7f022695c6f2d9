import "@tensorflow/tfjs-backend-cpu";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import {
  accumulate,
  adamw,
  clip,
  disposeGradients,
  disposeState,
  ema,
  groups,
  lawa,
  lossScaling,
  type Optimizer,
  progressiveBatch,
  sam,
  sgd,
  skipNonFinite,
  type Updated,
  type Updating,
} from "../index.ts";
import { disposeMap } from "../state/tensor-map.ts";
import { numbers, progressAt, read, tensors } from "../testing/numbers.testing.ts";

/** The same update, some time later: as gradients do that have to be read first. */
const later = (inner: Optimizer, ms: number): Optimizer<Promise<Updated>> => ({
  init: inner.init,
  async update(...given) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return inner.update(...given);
  },
});

const wrappers: Record<string, (inner: Optimizer<Updating>) => Optimizer<Updating>> = {
  clip: (inner) => clip(inner),
  lossScaling: (inner) => lossScaling(inner, { initial: 4 }),
  skipNonFinite: (inner) => skipNonFinite(inner),
  accumulate: (inner) => accumulate(inner, { batchSize: 2, microbatchSize: 1 }),
  progressiveBatch: (inner) => progressiveBatch(inner, { most: 2 }),
  ema: (inner) => ema(inner),
  lawa: (inner) => lawa(inner, { every: 1, snapshots: 2 }),
  sam: (inner) => sam(inner),
  groups: (inner) => groups([{ params: ["norm"], optimizer: inner }, { optimizer: later(sgd(), 3) }]),
  "all of them": (inner) =>
    ema(
      accumulate(lossScaling(clip(groups([{ params: ["norm"], optimizer: adamw() }, { optimizer: inner }]))), {
        batchSize: 2,
        microbatchSize: 1,
      }),
    ),
};

const evaluate = () => tensors(numbers(8));

const train = async (optimizer: Optimizer<Updating>, steps = 5) => {
  const before = memory().numTensors;
  let params = tensors(numbers(1));
  let state = optimizer.init(params);
  for (let i = 0; i < steps; i++) {
    const update = optimizer.update({ grads: tensors(numbers(i + 2)), evaluate }, state, params, progressAt(i));
    ({ params, state } = await update);
  }
  const values = await read(params);
  disposeMap(params);
  disposeState(state);
  expect(memory().numTensors, "tensors left behind").toBe(before);
  return values;
};

it.each(Object.entries(wrappers))("%s waits for an update that ends later", async (_, wrap) => {
  expect(await train(wrap(later(adamw(), 1)))).toEqual(await train(wrap(adamw())));
});

it.each(Object.entries(wrappers))("%s leaves nothing of its own behind if an update fails", async (name, wrap) => {
  const fails: Optimizer<Promise<Updated>> = {
    init: adamw().init,
    async update(gradients, state, params) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      disposeGradients(gradients);
      disposeState(state);
      disposeMap(params);
      throw new Error("the other machine is gone");
    },
  };
  await expect(train(wrap(fails))).rejects.toThrow("the other machine is gone");
  expect(name).toBeTruthy();
});
