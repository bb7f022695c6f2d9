import type { ModelConfig } from "@cramkit/model";
import { padded } from "../encode/batches.ts";
import type { SpecialIds } from "../encode/encode.ts";
import type { Example } from "../examples/example.ts";
import type { Task } from "../examples/task.ts";
import { evaluateRows } from "../score/evaluate.ts";
import { predictionOf } from "../score/predictions.ts";
import { evaluationOf } from "../score/score.ts";
import { forwardWith } from "./forward.ts";
import { lossOf } from "./losses.ts";
import type { AfterBatch, Objective } from "./objective.ts";
import { noScale, type Scale } from "./regression-scale.ts";
import { batchTargets, type TargetRow } from "./targets.ts";

export interface LabelSets {
  readonly task: Task;
  readonly config: ModelConfig;
  readonly special: SpecialIds;
  readonly train: readonly TargetRow[];
  readonly dev: readonly TargetRow[];
  readonly devExamples: readonly Example[];
  readonly scale: Scale;
  /** @defaultValue all classes weigh the same */
  readonly classWeights?: readonly number[] | undefined;
}

/** To say the labels of texts, of words, or a score. */
export const labelObjective = (sets: LabelSets): Objective => {
  const { task, config, special, train, dev, devExamples, scale, classWeights } = sets;
  const padding = { id: special.pad, maxLength: config.maxLength };
  const score = (params: Parameters<Objective["evaluate"]>[0], own: Scale, afterBatch: AfterBatch) =>
    evaluateRows(task, dev, {
      padding,
      forward: forwardWith({ params, config, task }),
      scale: own,
      afterBatch,
    });
  return {
    trainRows: train.length,
    devRows: dev.length,
    batchOf(rows) {
      const members = Array.from(rows, (row) => train[row]!);
      const batch = padded(members, padding);
      const targets = batchTargets(task, members, batch.seqLength, scale);
      return { batch, loss: lossOf(task, config, targets, classWeights) };
    },
    evaluate: async (params, afterBatch) => (await score(params, scale, afterBatch)).evaluation,
    // The scale lies in the weights by then.
    async outcomes(params, afterBatch) {
      const { scored, evaluation } = await score(params, noScale, afterBatch);
      const outcomes = scored.map((row, i) => {
        const example = devExamples[i]!;
        const prediction = predictionOf(task, row.values, dev[i]!, example.text);
        return { example, prediction, loss: evaluationOf(task, [row]).loss };
      });
      return { evaluation, outcomes };
    },
  };
};
