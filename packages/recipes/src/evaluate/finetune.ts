import {
  type Batch,
  type Encode,
  type TemplateOptions,
  type Trainee,
  type TrainingBatch,
  type Trial,
  type TrialSetting,
  templateEncode,
} from "@cramkit/glue";
import {
  classificationLoss,
  classify,
  init,
  inputsOf,
  type ModelConfig,
  type Params,
  valueAndNamedGrads,
} from "@cramkit/model";
import { adamw, disposeState, type OptimizerKernels } from "@cramkit/optim";
import { subSeed } from "@cramkit/random";
import type { Tokenizer } from "@cramkit/tokenizer";
import { add, tidy } from "@tensorflow/tfjs-core";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
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
export const trainee = ({ id, params, config, tokenizer, kernels }: TraineeSpec): Trainee => ({
  id,
  padId: specialId(tokenizer, "<pad>"),
  maxLength: config.maxSeq,
  encode: templateEncode({
    encodeIds: ((text) =>
      tokenizer.encodeIds(text, { addSpecialTokens: false })) satisfies TemplateOptions["encodeIds"],
    firstId: specialId(tokenizer, "<cls>"),
    separatorId: specialId(tokenizer, "<sep>"),
  }) satisfies Encode,
  async startTrial(setting): Promise<Trial> {
    const { seed, protocol } = setting;
    const { dropout } = protocol;
    const finetuned = finetunedConfig(config, setting);
    let live = initialised(finetuned, seed, params);
    const dropoutSeed = subSeed(seed, "recipes/finetune");
    let step = 0;
    let learningRate = 0;
    const optimizer = adamw({ ...protocol.adamw, learningRate: () => learningRate, kernels });
    let state = optimizer.init(live);

    const tensorsOf = (batch: Batch) =>
      inputsOf({
        batchSize: batch.size,
        seqLength: batch.seqLength,
        inputIds: batch.inputIds,
        attentionMask: batch.attentionMask,
        ...(config.typeVocabSize > 0 && { tokenTypeIds: batch.typeIds }),
      });
    const learn = async (batch: TrainingBatch): Promise<number> => {
      learningRate = batch.learningRate;
      const options = dropout > 0 ? { dropout: { seed: dropoutSeed, step } } : {};
      const { value, grads } = valueAndNamedGrads(live, (values) =>
        tidy(() => classificationLoss(values, finetuned, tensorsOf(batch), batch.labels, options)),
      );
      const progress = {
        microbatch: step,
        step,
        examples: 0,
        tokens: 0,
        elapsedMs: 0,
        fraction: batch.step / batch.steps,
      };
      ({ params: live, state } = optimizer.update(grads, state, live, progress) as {
        params: Params;
        state: typeof state;
      });
      step++;
      const loss = (await value.data())[0]!;
      value.dispose();
      return loss;
    };
    return {
      async fit(batches, report) {
        for await (const batch of batches) {
          report(await learn(batch));
          await new Promise(setImmediate); // Ctrl-C is heard between two steps
        }
      },
      async predict(batch) {
        const logits = tidy(() => classify(live, finetuned, tensorsOf(batch)));
        const values = await logits.data();
        logits.dispose();
        return values;
      },
      dispose() {
        disposeTensors(live);
        disposeState(state);
      },
    };
  },
});

/** The encoder of a model under the head and the dropout that a trial asks for. */
export const finetunedConfig = (
  config: ModelConfig,
  { outputs, regression, protocol: { dropout, head } }: Pick<TrialSetting, "outputs" | "regression" | "protocol">,
): ModelConfig => ({
  ...config,
  dropout,
  attentionDropout: dropout,
  head: {
    type: regression ? "regression" : "classification",
    labels: outputs,
    width: head.width === undefined ? config.hidden : head.width,
    pooling: head.pooling,
    dropout,
  },
});

/** New weights of the configuration, with those of the pretrained encoder in their place: the head is always new. */
const initialised = (config: ModelConfig, seed: number, pretrained: NamedTensors | undefined): Params => {
  const params: Record<string, NamedTensors[string]> = { ...init(config, seed) };
  for (const name of Object.keys(params)) {
    const weight = pretrained?.[name];
    if (!weight || !name.startsWith("encoder.")) continue;
    params[name]!.dispose();
    // A copy of its own: a clone shares memory, into which an in-place optimizer would write.
    params[name] = add(weight, 0);
  }
  return params;
};
