import { init, modelConfig } from "@cramkit/model";
import { accumulate, disposeState, sgd } from "@cramkit/optim";
import { afterAll, beforeAll, expect, it } from "vitest";
import { smoke } from "../catalogue/smoke.ts";
import { type Compute, startCompute } from "../compute.ts";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

it("sees nothing beyond a row that a curriculum cuts", async () => {
  const small = { vocabSize: 20, hidden: 8, heads: 2, layers: 1, intermediate: 8, maxLength: 8 } as const;
  const config = modelConfig({ ...small, init: { type: "normal", std: 0.5 } });
  const params = init(config, 1);
  const loss = trainingLoss(config, smoke().training.loss);
  /** The loss at the position before the middle, for a row that ends with this word. */
  const lossOf = async (word: number, length: number): Promise<number> => {
    const batch = {
      batchSize: 1,
      seqLength: 8,
      inputIds: Int32Array.of(3, 9, 4, 6, 7, 2, 5, word),
      positions: Int32Array.of(3),
      targets: Int32Array.of(11),
    };
    const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0.25 };
    const rowLength = ({ fraction }: typeof progress) => (fraction < 0.5 ? length : 8);
    const found = maskedLanguageModelGradient(config, loss, { rowLength })(params, batch, progress, {} as never);
    const value = (await found.loss.data())[0]!;
    found.loss.dispose();
    disposeTensors((found.grads as { grads: NamedTensors }).grads);
    return value;
  };
  expect(await lossOf(12, 4)).toBe(await lossOf(13, 4));
  expect(await lossOf(12, 8)).not.toBe(await lossOf(13, 8));
  disposeTensors(params);
});

it("makes the step of a whole batch out of its microbatches, however many targets each has", async () => {
  const small = { vocabSize: 20, hidden: 8, heads: 2, layers: 1, intermediate: 8, maxLength: 8 } as const;
  const config = modelConfig({ ...small, init: { type: "normal", std: 0.5 } });
  const gradient = maskedLanguageModelGradient(config, trainingLoss(config, smoke().training.loss));
  const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
  const rows = Array.from({ length: 6 }, (_, row) => Array.from({ length: 8 }, (_, i) => (5 * row + 3 * i) % 20));
  /** Positions to predict in each row: none in one of them. */
  const masked = [[1, 2, 3, 4, 5, 6], [], [7], [0, 3], [2], [1, 5, 6, 7]];
  const batchOf = (from: number, to: number) => {
    const flat = rows.slice(from, to).flat();
    const positions = masked.slice(from, to).flatMap((list, row) => list.map((at) => 8 * row + at));
    return {
      batchSize: to - from,
      seqLength: 8,
      inputIds: Int32Array.from(flat),
      positions: Int32Array.from(positions),
      targets: Int32Array.from(positions, (at) => (flat[at]! * 7 + 1) % 20),
    };
  };
  const step = async (cuts: readonly number[]) => {
    const optimizer = accumulate(sgd({ learningRate: 1, weightDecay: 0 }), {
      batchSize: cuts.length - 1,
      microbatchSize: 1,
    });
    let params: NamedTensors = init(config, 1);
    let state = optimizer.init(params);
    for (const [i, from] of cuts.slice(0, -1).entries()) {
      const { loss, grads } = gradient(params, batchOf(from, cuts[i + 1]!), progress, state);
      loss.dispose();
      ({ params, state } = optimizer.update(grads, state, params, progress));
    }
    const values = (await Promise.all(Object.values(params).map((param) => param.data()))).flatMap((data) => [...data]);
    disposeTensors(params);
    disposeState(state);
    return values;
  };
  const whole = await step([0, 6]);
  for (const cuts of [
    [0, 1, 2, 3, 4, 5, 6],
    [0, 1, 6],
    [0, 4, 5, 6],
    [0, 2, 6],
  ]) {
    const worst = Math.max(...(await step(cuts)).map((value, i) => Math.abs(value - whole[i]!)));
    expect(worst, cuts.join()).toBeLessThan(1e-6);
  }
});
