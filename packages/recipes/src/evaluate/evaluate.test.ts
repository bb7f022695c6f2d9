import { init } from "@cramkit/model";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { startCompute } from "../compute.ts";
import { disposeTensors } from "../named-tensors.ts";
import { prepare } from "../prepare/prepare.ts";
import { maskingOf, specialId } from "../recipe/masking.ts";
import { modelOf } from "../recipe/model-of.ts";
import { quiet, sentences, tinyRun } from "../testing/tiny.testing.ts";
import { heldOutLoss, scoreModel } from "./evaluate.ts";
import { evaluateText } from "./evaluate-text.ts";

it("measures during training what it measures in the end, and leaves nothing behind", async () => {
  const { recipe, root } = tinyRun();
  const compute = await startCompute(recipe.backend);
  const prepared = await prepare(recipe, root, quiet);
  const { tokenizer, heldOut: source } = prepared;
  // 40 rows: two whole batches and a half.
  const masking = maskingOf(recipe, tokenizer);
  const set = { source, rows: 40, maskId: specialId(tokenizer, "<mask>"), masking, seed: 0xffffffff };
  const config = modelOf(recipe, tokenizer.vocabSize);
  const params = init(config, 1);
  const before = memory().numTensors;
  const { loss, positions } = await scoreModel(params, config, set);
  expect(await heldOutLoss(params, config, set)).toBeCloseTo(loss, 5);
  expect(positions).toBe(40 * 8);
  expect(memory().numTensors).toBe(before);
  // One long document is one block of rows: what is done of it is told between its batches.
  const done: number[] = [];
  const score = await evaluateText({ params, config, tokenizer }, [sentences(300).join(" ")], {
    pause: async (rows) => void done.push(rows),
  });
  expect(done).toEqual(Array.from({ length: Math.ceil(score.rows / 16) }, (_, batch) => 16 * batch));
  expect(done.length).toBeGreaterThan(3);
  expect(memory().numTensors).toBe(before);
  disposeTensors(params);
  prepared.close();
  compute.dispose();
});
