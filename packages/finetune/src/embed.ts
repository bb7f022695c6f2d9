import { checkOptions, fault, shown } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { encodeExample, specialIds } from "./encode/encode.ts";
import { createPause } from "./encode/pause.ts";
import type { Example } from "./examples/example.ts";
import { checkText, type Task } from "./examples/task.ts";
import { forwardWith } from "./learn/forward.ts";
import { outputsOfRows } from "./score/outputs.ts";
import type { NamedTensors } from "./tensors/named-tensors.ts";

/** What vectors are made with: what `finetune` returns, a model from a folder, or any encoder. */
export interface EmbeddingModel {
  readonly params: NamedTensors;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /**
   * What it was finetuned for: an embedding says how it pools.
   * @defaultValue an encoder that was not finetuned, whose tokens' mean is taken
   */
  readonly task?: Task;
  /**
   * Tokens of the longest text, special ones included: longer ones are cut.
   * @defaultValue `128`, or what the model takes
   */
  readonly maxLength?: number;
}

export interface EmbedOptions {
  /** @defaultValue `32` */
  batchSize?: number;
  /**
   * Texts that are read and sorted by length at once.
   * @defaultValue `1024`
   */
  window?: number;
  /**
   * How hidden states become one vector.
   * @defaultValue as the model was trained, else `"mean"`
   */
  pooling?: "first" | "mean";
  /** @defaultValue runs to its end */
  signal?: AbortSignal;
}

/** A text as a vector. */
export interface Embedding {
  readonly text: string;
  /** `[hidden]`, of length 1: inner products are cosines. */
  readonly vector: Float32Array;
  /** Tokens that were cut off. */
  readonly cut: number;
  /** As the example has it. @defaultValue absent if it has none */
  readonly id?: string;
}

/** How a model pools, and the longest text that it takes: what an index must keep to embed its queries alike. */
export const poolingOf = ({
  task,
  config,
  maxLength,
}: EmbeddingModel): { pooling: "first" | "mean"; maxLength: number } => ({
  pooling: task?.pooling ?? "mean",
  maxLength: maxLength ?? Math.min(128, config.maxLength),
});

/**
 * The vectors of texts, one by one in their order: the encoder's hidden states, pooled over the tokens without the padding,
 * at length 1. Memory stays flat, however many there are. Borrows the model.
 *
 * @param texts texts, or examples, of which the text alone is looked at
 * @throws a fault `invalid-input` over an empty text
 */
export async function* embed(
  model: EmbeddingModel,
  texts: Iterable<string | Example> | AsyncIterable<string | Example>,
  options: EmbedOptions = {},
): AsyncGenerator<Embedding> {
  checkOptions("embed", options, { batchSize: true, window: true, pooling: true, signal: true });
  const usual = poolingOf(model);
  const { batchSize = 32, window = 1024, pooling = usual.pooling, signal } = options;
  if (pooling !== "mean" && pooling !== "first")
    throw fault({
      code: "invalid-argument",
      place: "embed",
      problem: `expected pooling to be mean or first, got ${shown(pooling)}`,
      type: RangeError,
    });
  const { params, config, tokenizer } = model;
  const task: Task = { kind: "embedding", labels: [], pooling };
  const special = specialIds(tokenizer);
  const pause = createPause(signal);
  const forward = forwardWith({ params, config, task });
  let waiting: Example[] = [];
  let index = 0;
  const flush = async function* () {
    const rows = [];
    for (const { text } of waiting) {
      rows.push(encodeExample({ text }, task, { tokenizer, special, maxLength: usual.maxLength }));
      await pause();
    }
    const reading = {
      batchSize,
      padding: { id: special.pad, maxLength: config.maxLength },
      forward,
      afterBatch: pause,
    };
    const vectors = await outputsOfRows(config.hidden, rows, reading);
    for (const [i, { cut }] of rows.entries()) {
      const { text, id } = waiting[i]!;
      yield { text, vector: vectors[i]!, cut, ...(id !== undefined && { id }) };
    }
    waiting = [];
  };
  for await (const each of texts) {
    const example = typeof each === "string" ? { text: each } : each;
    checkText(example, index++);
    waiting.push(example);
    if (waiting.length === window) yield* flush();
  }
  yield* flush();
}
