import { createLearner, type InputBatch, initialised, inputTensors, withHead } from "@cramkit/finetune";
import {
  type Encode,
  type TemplateOptions,
  type Trainee,
  type TrainingBatch,
  type Trial,
  type TrialSetting,
  templateEncode,
} from "@cramkit/glue";
import { classificationLoss, classify, type ModelConfig } from "@cramkit/model";
import { adamw, type OptimizerKernels } from "@cramkit/optim";
import { subSeed } from "@cramkit/random";
import type { Tokenizer } from "@cramkit/tokenizer";
import { tidy } from "@tensorflow/tfjs-core";
import type { NamedTensors } from "../named-tensors.ts";
import { specialId } from "../recipe/masking.ts";

export interface TraineeSpec {
  /** What tells this model from every other. */
  readonly id: string;
  /**
   * Encoder weights, borrowed until the last trial has ended.
   *
   * @defaultValue every trial begins with random ones
   */
  readonly params?: NamedTensors;
  /**
   * `pooler.dense` as it was pretrained with the encoder, borrowed as they are: BERT has one, and the study keeps it.
   *
   * @defaultValue a new one
   */
  readonly pooler?: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /**
   * In-place kernels of the backend.
   *
   * @defaultValue none
   */
  readonly kernels?: OptimizerKernels;
}

/** A model that the finetuning protocols of @cramkit/glue can train: the encoder, a new head, AdamW. */
export const trainee = ({ id, params, pooler, config, tokenizer, kernels }: TraineeSpec): Trainee => ({
  id,
  padId: specialId(tokenizer, "<pad>"),
  maxLength: config.maxLength,
  encode: templateEncode({
    encodeIds: ((text) =>
      tokenizer.encodeIds(text, { addSpecialTokens: false })) satisfies TemplateOptions["encodeIds"],
    firstId: specialId(tokenizer, "<cls>"),
    separatorId: specialId(tokenizer, "<sep>"),
  }) satisfies Encode,
  async startTrial(setting): Promise<Trial> {
    const { seed, protocol } = setting;
    const finetuned = finetunedConfig(config, setting);
    let learningRate = 0;
    const learner = createLearner({
      config: finetuned,
      params: initialised(finetuned, seed, params, pooler),
      optimizer: adamw({ ...protocol.adamw, learningRate: () => learningRate, kernels }),
      dropoutSeed: subSeed(seed, "recipes/finetune"),
    });
    const learn = (batch: TrainingBatch): Promise<number> => {
      learningRate = batch.learningRate;
      return learner.learn(batch satisfies InputBatch, (values, inputs, options) =>
        classificationLoss(values, finetuned, inputs, batch.labels, options),
      );
    };
    return {
      async fit(batches, report) {
        for await (const batch of batches) {
          report(await learn(batch));
          await new Promise(setImmediate); // Ctrl-C is heard between two steps
        }
      },
      async predict(batch) {
        const logits = tidy(() => classify(learner.params, finetuned, inputTensors(finetuned, batch)));
        const values = await logits.data();
        logits.dispose();
        return values;
      },
      dispose: learner.dispose,
    };
  },
});

/** The encoder of a model under the head and the dropout that a trial asks for. */
export const finetunedConfig = (
  config: ModelConfig,
  { outputs, regression, protocol: { dropout, head } }: Pick<TrialSetting, "outputs" | "regression" | "protocol">,
): ModelConfig =>
  withHead(
    config,
    {
      type: regression ? "regression" : "classification",
      labels: outputs,
      width: head.width === undefined ? config.hidden : head.width,
      pooling: head.pooling,
      dropout,
    },
    dropout,
  );
