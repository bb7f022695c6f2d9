import { fault } from "@cramkit/errors";
import { type Head, isModernBert, type ModelConfig } from "@cramkit/model";
import { embeddingObjective } from "./embeddings/embedding-objective.ts";
import { specialIds } from "./encode/encode.ts";
import { splitExamples } from "./examples/split.ts";
import { checkExamples, outputsOf, rareLabels, type Task, taskOf } from "./examples/task.ts";
import type { FinetuneOptions } from "./finetune-options.ts";
import { encodeSet } from "./learn/encode-set.ts";
import { withHead } from "./learn/head.ts";
import { labelObjective } from "./learn/label-objective.ts";
import type { Objective } from "./learn/objective.ts";
import { noScale, type Scale, scaleOf } from "./learn/regression-scale.ts";
import { type Settings, settingsFor } from "./learn/settings.ts";
import { balancedWeights } from "./learn/targets.ts";

/** What a training needs besides weights. */
export interface Prepared {
  readonly task: Task;
  readonly settings: Settings;
  readonly config: ModelConfig;
  readonly objective: Objective;
  readonly scale: Scale;
}

/** Checks the examples, splits them if there is no dev set, and encodes them. */
export const prepareTraining = async (options: FinetuneOptions, pause: () => Promise<void>): Promise<Prepared> => {
  const { model, kind, train: all, dev: given, devShare = 0.1, say = () => {}, onProgress = () => {} } = options;
  const settings = settingsFor(kind, model.config, options);
  const { seed, maxLength, classWeights, dropout, pooling } = settings;
  const task = kind === "embedding" ? { ...taskOf(kind, all), pooling } : taskOf(kind, all);
  checkExamples(task, all, "training set");
  if (!(devShare > 0 && devShare < 1))
    throw fault({
      code: "invalid-argument",
      place: "finetune",
      problem: `expected devShare between 0 and 1, got ${devShare}`,
      remedy: "change it, or give a dev set",
      type: RangeError,
    });
  const { train, dev } = given ? { train: all, dev: given } : splitExamples(kind, all, { share: devShare, seed });
  checkExamples(task, dev, "dev set");
  if (dev.length === 0)
    throw fault({
      code: "invalid-input",
      place: "finetune",
      problem: `expected examples to score on, got none of ${all.length}`,
      remedy: "give more examples, or a dev set",
      type: RangeError,
    });
  for (const line of rareLabels(task, all)) say(line);
  const special = specialIds(model.tokenizer);
  const total = train.length + dev.length;
  let done = 0;
  const counted = async () => {
    if (done < total && (++done % 100 === 0 || done === total)) onProgress({ phase: "encode", done, total, epoch: 1 });
    await pause();
  };
  const encoding = { tokenizer: model.tokenizer, special, maxLength, say, pause: counted };
  const config = withHead(model.config, headOf(task, model.config, settings), dropout);
  if (kind === "embedding") {
    const objective = await embeddingObjective({ task, config, settings, train, dev }, encoding);
    return { task, settings, config, objective, scale: noScale };
  }
  const trainRows = await encodeSet(task, train, { ...encoding, role: "training set" });
  const devRows = await encodeSet(task, dev, { ...encoding, role: "dev set" });
  const scale = kind === "score" ? scaleOf(trainRows.map(({ target }) => target as number)) : noScale;
  const objective = labelObjective({
    ...{ task, config, special, train: trainRows, dev: devRows, devExamples: dev, scale },
    ...(classWeights === "balanced" && { classWeights: balancedWeights(task, trainRows) }),
  });
  return { task, settings, config, objective, scale };
};

const headOf = (task: Task, config: ModelConfig, { pooling, dropout }: Settings): Head => {
  const labels = outputsOf(task);
  if (task.kind === "embedding") return { type: "none" };
  // A ModernBERT keeps its prediction head below the labels, so that it stays one.
  const isModern = config.predictionHead === "transform" && isModernBert({ ...config, head: { type: "none" } });
  const transform = isModern && { transform: true };
  if (task.kind === "tags") return { type: "token-classification", labels, dropout, ...transform };
  const type = task.kind === "score" ? "regression" : "classification";
  return { type, labels, width: isModern ? null : config.hidden, pooling, dropout, ...transform };
};
