import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { beforeAll, expect, it } from "vitest";
import { encode, init, inputsOf, type MaskedBatch, modelConfig, predictTokens, scriptLoss } from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const vocab = 8;
const config = modelConfig({
  vocabSize: vocab,
  hidden: 8,
  layers: 1,
  heads: 2,
  intermediate: 8,
  maxLength: 4,
  init: { type: "normal", std: 0.6 },
});
const seen = [1, 1, 1, 0, 0, 0];
const batch: MaskedBatch = {
  batchSize: 2,
  seqLength: 3,
  inputIds: Int32Array.of(5, 1, 6, 0, 0, 0), // the second row is padding
  positions: Int32Array.of(1),
  targets: Int32Array.of(3),
  attentionMask: Int32Array.from(seen),
};

const logSumExp = (values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));

it("adds the critic's loss for a word that is drawn as often as its probability says", () => {
  const params = init(config, 1);
  const logitsOf = (inputIds: Int32Array) =>
    tf.tidy(() => {
      const logits = predictTokens(params, config, encode(params, config, inputsOf({ ...batch, inputIds })));
      return (logits.arraySync() as number[][][]).flat();
    });
  const predicted = logitsOf(batch.inputIds)[1]!;
  const predicting = logSumExp(predicted) - predicted[3]!;
  const probabilities = predicted.map((logit) => Math.exp(logit - logSumExp(predicted)));
  // Binary cross-entropy with the logit log Z of each position that is seen; the word in the middle may be another one.
  const critic = probabilities.map((_, word) => {
    const logits = logitsOf(Int32Array.from(batch.inputIds, (id, i) => (i === 1 ? word : id)));
    const losses = logits.map((row, i) => {
      const isReplaced = i === 1 && word !== 3;
      const chance = 1 / (1 + Math.exp(-logSumExp(row)));
      return -Math.log(isReplaced ? chance : 1 - chance);
    });
    return losses.reduce((sum, loss, i) => sum + seen[i]! * loss, 0) / 3;
  });

  const draws = 300;
  const counts = critic.map(() => 0);
  for (let step = 0; step < draws; step++) {
    const loss = tf.tidy(() => scriptLoss(params, config, batch, { seed: 1, step, alpha: 0.5 }).dataSync()[0]!);
    const word = critic.findIndex((expected) => Math.abs(predicting + 0.5 * expected - loss) < 1e-4);
    expect(word, `step ${step}`).toBeGreaterThanOrEqual(0);
    counts[word]!++;
  }
  probabilities.forEach((probability, word) => {
    const deviation = Math.sqrt((probability * (1 - probability)) / draws);
    expect(Math.abs(counts[word]! / draws - probability)).toBeLessThan(4 * deviation);
  });
  tf.dispose(params);
});
