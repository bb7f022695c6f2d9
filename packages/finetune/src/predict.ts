import { checkOptions, fault } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { encodeExample, specialIds } from "./encode/encode.ts";
import { createPause } from "./encode/pause.ts";
import type { Example } from "./examples/example.ts";
import { checkText, outputsOf, type Task } from "./examples/task.ts";
import { forwardWith } from "./learn/forward.ts";
import { outputsOfRows } from "./score/outputs.ts";
import { type Prediction, predictionOf } from "./score/predictions.ts";
import type { NamedTensors } from "./tensors/named-tensors.ts";

/** A finetuned model: what `finetune` returns, and a folder of one holds. */
export interface TaskModel {
  /** Of the encoder and the head, in the names of @cramkit/model. */
  readonly params: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly task: Task;
  /** Tokens of the longest text, special ones included: longer ones are cut. */
  readonly maxLength: number;
}

export interface PredictOptions {
  /** @defaultValue `32` */
  batchSize?: number;
  /**
   * Examples that are read and sorted by length at once.
   * @defaultValue `1024`
   */
  window?: number;
  /** @defaultValue runs to its end */
  signal?: AbortSignal;
}

/**
 * What a finetuned model says of texts, one by one in their order. Memory stays flat, however many there are. Borrows the
 * model.
 *
 * @param examples texts or examples; their labels are not looked at
 * @throws a fault `invalid-input` over an empty text, `unsupported` over a model of embeddings
 */
export async function* predict(
  model: TaskModel,
  examples: Iterable<string | Example> | AsyncIterable<string | Example>,
  options: PredictOptions = {},
): AsyncGenerator<Prediction> {
  checkOptions("predict", options, { batchSize: true, window: true, signal: true });
  const { batchSize = 32, window = 1024, signal } = options;
  const { tokenizer, task, maxLength } = model;
  if (task.kind === "embedding")
    throw fault({
      code: "unsupported",
      place: "predict",
      problem: "expected a model that labels texts, got one that makes vectors of them",
      remedy: "use embed",
      type: RangeError,
    });
  const encoding = { tokenizer, special: specialIds(tokenizer), maxLength };
  const pause = createPause(signal);
  let waiting: Example[] = [];
  let index = 0;
  const flush = async function* () {
    const rows = [];
    for (const example of waiting) {
      rows.push(encodeExample(example, task, encoding));
      await pause();
    }
    const values = await outputsOfRows(outputsOf(task), rows, {
      batchSize,
      padding: { id: encoding.special.pad, maxLength: model.config.maxLength },
      forward: forwardWith(model),
      afterBatch: pause,
    });
    for (const [i, row] of rows.entries()) yield predictionOf(task, values[i]!, row, waiting[i]!.text);
    waiting = [];
  };
  for await (const each of examples) {
    const example = typeof each === "string" ? { text: each } : each;
    checkText(example, index++);
    waiting.push(example);
    if (waiting.length === window) yield* flush();
  }
  yield* flush();
}
