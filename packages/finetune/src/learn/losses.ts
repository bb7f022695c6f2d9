import { classificationLoss, classify, type ModelConfig, tokenClassificationLoss } from "@cramkit/model";
import {
  logSumExp,
  mean,
  mul,
  oneHot,
  softplus,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
} from "@tensorflow/tfjs-core";
import type { Task } from "../examples/task.ts";
import type { BatchLoss } from "./learner.ts";

/** What a batch's rows should come to: class numbers, indicators `[rows * labels]`, scores, or tags `[rows * seq]`, -100 for none. */
export type Targets = Float32Array;

/** The loss of a task over a batch's targets. `classWeights`: of each class, 1 on average. */
export const lossOf =
  (task: Task, config: ModelConfig, targets: Targets, classWeights?: readonly number[]): BatchLoss =>
  (params, inputs, options) => {
    if (task.kind === "tags") return tokenClassificationLoss(params, config, inputs, targets, options);
    if (task.kind === "labels")
      return binaryCrossEntropy(classify(params, config, inputs, options), targets, task.labels.length);
    if (task.kind === "score" || !classWeights) return classificationLoss(params, config, inputs, targets, options);
    return weightedCrossEntropy(classify(params, config, inputs, options), targets, classWeights);
  };

/** sum of w_t (log Z - logit_t) over the rows, / sum of w_t, as in PyTorch. */
const weightedCrossEntropy = (logits: Tensor, targets: Targets, weights: readonly number[]): Tensor => {
  const of = Float32Array.from(targets, (target) => weights[target]!);
  const total = of.reduce((all, one) => all + one, 0);
  const hot = oneHot(tensor1d(Int32Array.from(targets), "int32"), weights.length, 1, 0, "float32");
  const losses = sub(logSumExp(logits, 1), sum(mul(logits, hot), 1));
  return sum(mul(losses, tensor1d(of.map((weight) => weight / total))));
};

/** mean of log(1 + exp(x)) - x t over rows and labels. */
const binaryCrossEntropy = (logits: Tensor, targets: Targets, labels: number): Tensor => {
  const wanted = tensor2d(targets, [targets.length / labels, labels]);
  return mean(sub(softplus(logits), mul(logits, wanted)));
};
