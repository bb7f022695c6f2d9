import { init, modelConfig } from "@cramkit/model";
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
  const small = { vocabSize: 20, hidden: 8, heads: 2, layers: 1, intermediate: 8, maxSeq: 8 } as const;
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
    const found = maskedLanguageModelGradient(config, loss, { rowLength })(params, batch, progress, {});
    const value = (await found.loss.data())[0]!;
    found.loss.dispose();
    disposeTensors((found.grads as { grads: NamedTensors }).grads);
    return value;
  };
  expect(await lossOf(12, 4)).toBe(await lossOf(13, 4));
  expect(await lossOf(12, 8)).not.toBe(await lossOf(13, 8));
  disposeTensors(params);
});
