import {
  type Example,
  protocols,
  runTasks,
  type TaskData,
  type Trainee,
  type TrainingBatch,
  type Trial,
} from "@cramkit/glue";
import { classificationLoss, classify, init, inputsOf, type ModelConfig, valueAndNamedGrads } from "@cramkit/model";
import { optimizerKernels } from "@cramkit/ops";
import { adamw, disposeState } from "@cramkit/optim";
import * as tf from "@tensorflow/tfjs-core";
import { startCompute } from "../measure/compute.ts";
import type { Suite } from "../measure/suite.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";

const wordIds = (text: string): number[] => text.split(" ").map((word) => Number(word));

/** Two classes that the first word tells apart: a model that trains at all learns it. */
const easyTask = (examples: number, words: number, vocabSize: number): TaskData => {
  const example = (i: number): Example => ({
    text: Array.from({ length: words }, (_, k) =>
      k === 0 ? 10 + (i % 2) : 20 + ((i * 31 + k * 17) % (vocabSize - 20)),
    ).join(" "),
    label: i % 2,
  });
  const make = (count: number, from: number) => Array.from({ length: count }, (_, i) => example(from + i));
  return {
    task: { name: "easy", title: "easy", labels: ["a", "b"], pair: false, metrics: ["accuracy"], probe: true },
    train: make(examples, 0),
    evaluations: [{ name: "dev", column: "easy", examples: make(examples, examples) }],
  };
};

/** Reads the label off the first word: what is left is the work of @cramkit/glue alone. */
const oracle: Trainee = {
  id: "oracle",
  padId: 0,
  encode: (text) => ({ ids: wordIds(text), typeIds: [] }) as never,
  startTrial: async () => ({
    async fit(batches) {
      for await (const _ of batches);
    },
    predict: async ({ size, seqLength, inputIds }) =>
      Float32Array.from({ length: 2 * size }, (_, i) =>
        inputIds[Math.floor(i / 2) * seqLength]! - 10 === i % 2 ? 1 : 0,
      ),
    dispose: () => {},
  }),
};

const modelTrainee = ({ config }: Shape): Trainee => ({
  id: "model",
  padId: 0,
  encode: oracle.encode,
  maxLength: config.maxLength,
  async startTrial({ seed }): Promise<Trial> {
    const finetuned: ModelConfig = {
      ...config,
      head: { type: "classification", labels: 2, width: config.hidden, pooling: "first", dropout: 0 },
    };
    let params = init(finetuned, seed);
    const optimizer = adamw({ learningRate: 1e-3, kernels: optimizerKernels() });
    let state = optimizer.init(params);
    const tensorsOf = (batch: Omit<TrainingBatch, "labels">) =>
      inputsOf({ ...batch, batchSize: batch.size, tokenTypeIds: undefined });
    return {
      async fit(batches) {
        for await (const batch of batches) {
          const { value, grads } = valueAndNamedGrads(params, (live) =>
            tf.tidy(() => classificationLoss(live, finetuned, tensorsOf(batch), batch.labels)),
          );
          const progress = {
            microbatch: batch.step,
            step: batch.step,
            examples: 0,
            tokens: 0,
            elapsedMs: 0,
            fraction: 0,
          };
          const next = optimizer.update(grads, state, params, progress);
          [params, state] = [next.params, next.state];
          await value.data();
          value.dispose();
        }
      },
      async predict(batch) {
        const logits = tf.tidy(() => classify(params, finetuned, tensorsOf(batch as never)));
        const values = await logits.data();
        logits.dispose();
        return values as Float32Array;
      },
      dispose() {
        tf.dispose(params);
        disposeState(state);
      },
    };
  },
});

export const glueSuite: Suite = {
  name: "glue",
  describes: "finetuning and predicting through the protocol, alone and with a model: examples/s",
  hasShapes: true,
  async run(context) {
    const { options, measure } = context;
    await startCompute(options);
    const measureTrainee = async (
      trainee: Trainee,
      name: string,
      examples: number,
      words: number,
      vocabSize: number,
      least: number,
    ) => {
      const tasks = [easyTask(examples, words, vocabSize)];
      const protocol = { ...protocols.GLUE_sane, trials: 1, epochs: 1, batchSize: 16, maxLength: 128, dropout: 0 };
      const run = () => runTasks({ trainee, tasks, protocol, seed: 1 });
      await measure({
        case: "train and predict",
        shape: `${name}, ${words} tokens`,
        unit: "examples/s",
        limitMs: 30_000,
        ...(trainee === oracle && { backend: "host" }),
        contestants: [
          {
            provider: trainee === oracle ? "cramkit without a model" : "cramkit",
            work: 2 * examples,
            run,
            async check() {
              const [result] = await run();
              const accuracy = result!.evaluations[0]!.scores.accuracy!;
              return accuracy >= least ? 0 : 1;
            },
          },
        ],
      });
    };
    await measureTrainee(oracle, "no model", options.quick ? 64 : 4096, 24, 512, 1);
    for (const shape of shapesOf(options)) {
      try {
        await measureTrainee(
          modelTrainee(shape),
          shape.name,
          options.quick ? 64 : 256,
          24,
          shape.config.vocabSize,
          options.quick ? 0 : 0.9,
        );
      } catch (error) {
        context.fail(shape.name, "cramkit", error);
      }
    }
  },
};
