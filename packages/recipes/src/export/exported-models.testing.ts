import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { classify, classifyTokens, encode, init, inputsOf, type ModelConfig, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { reshape, softmax, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { fillMask } from "../model/fill-mask.ts";
import type { SavedModel } from "../model/saved-model.ts";
import { specialId } from "../recipe/masking.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { exportModel } from "./export-model.ts";
import type { ExportTask } from "./export-task.ts";
import { type ExportPrecision, exportPrecisions } from "./onnx-files.ts";

export interface ExportedModel {
  readonly task: ExportTask;
  /** The folder that holds it, and its name therein. */
  readonly root: string;
  readonly folder: string;
  readonly text: string;
  /**
   * What ours makes of the text: the numbers of the hidden state, of the best guess for the mask, or of the best label
   * of the text or of each token.
   */
  readonly expected: { readonly labels: readonly string[]; readonly numbers: readonly number[] };
}

const labels = ["low", "middle", "high"];
const head = { labels: 3, dropout: 0 };
const heads: Record<ExportTask, ModelConfig["head"]> = {
  "fill-mask": { type: "masked-language-model" },
  "feature-extraction": { type: "masked-language-model" },
  "text-classification": { type: "classification", width: 64, pooling: "mean", ...head },
  "token-classification": { type: "token-classification", ...head },
};

/** A model of each task and architecture, exported in these precisions to a folder each. Needs a backend. */
export const exportedModels = async (precisions = exportPrecisions): Promise<ExportedModel[]> => {
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const root = mkdtempSync(join(tmpdir(), "transformers-js-"));
  const models: ExportedModel[] = [];
  for (const base of ["crammed-bert", "hf-bert-base"] as const) {
    for (const [task, head] of Object.entries(heads) as [ExportTask, ModelConfig["head"]][]) {
      const sizes = {
        vocabSize: tokenizer.vocabSize,
        layers: 2,
        hidden: 64,
        heads: 2,
        intermediate: 128,
        maxLength: 16,
      };
      const config = preset(base, { ...sizes, init: { type: "normal", std: 0.1 }, head });
      const id2label = Object.fromEntries(labels.map((label, i) => [i, label]));
      const saved: SavedModel = { params: init(config, 1), config, tokenizer, published: { config: { id2label } } };
      // Longer than the model takes, unless a mask must stay.
      const text = task === "fill-mask" ? "The quick <mask> fox." : sentences(3).join(" ");
      const expected = await expectedOf(saved, task, text);
      const folder = `${base}-${task}`;
      await exportModel(saved, "onnx", join(root, folder), { task, precisions });
      models.push({ task, root, folder, text, expected });
    }
  }
  return models;
};

const expectedOf = async (saved: SavedModel, task: ExportTask, text: string): Promise<ExportedModel["expected"]> => {
  const { params, config, tokenizer } = saved;
  if (task === "fill-mask") {
    const best = (await fillMask(saved, text))[0]![0]!;
    return { labels: best.token === "" ? [] : [best.token], numbers: [best.probability] };
  }
  // transformers.js cuts what is too long at the end, and with it the last separator.
  const own = [...tokenizer.encodeIds(text)];
  const first = specialId(tokenizer, "<cls>");
  const isFinetuned = "labels" in config.head && own[0] !== first;
  const ids = (isFinetuned ? [first, ...own] : own).slice(0, config.maxLength);
  const inputs = inputsOf({ batchSize: 1, seqLength: ids.length, inputIds: Int32Array.from(ids) });
  const numbersOf = async (compute: () => Tensor) => Array.from(await tidy(compute).data());
  if (task === "feature-extraction")
    return { labels: [], numbers: await numbersOf(() => encode(params, config, inputs)) };
  const isText = task === "text-classification";
  const shares = await numbersOf(() =>
    softmax(reshape(isText ? classify(params, config, inputs) : classifyTokens(params, config, inputs), [-1, 3])),
  );
  const rows = Array.from({ length: shares.length / 3 }, (_, row) => shares.slice(3 * row, 3 * row + 3));
  // Special tokens are no words: transformers.js leaves them out.
  const special = new Set(
    tokenizer
      .toJSON()
      .added_tokens.filter(({ special }) => special)
      .map(({ id }) => id),
  );
  const kept = isText ? rows : rows.filter((_, at) => !special.has(ids[at]!));
  const numbers = kept.map((row) => Math.max(...row));
  return { labels: kept.map((row, i) => labels[row.indexOf(numbers[i]!)]!), numbers };
};

/** What a pipeline of transformers.js answered, in the same form. */
const answerOf = (task: ExportTask, answer: unknown): ExportedModel["expected"] => {
  if (task === "feature-extraction")
    return { labels: [], numbers: Array.from((answer as { data: Float32Array }).data) };
  const rows = answer as { score: number; token_str?: string; label?: string; entity?: string }[];
  const kept = task === "fill-mask" ? rows.slice(0, 1) : rows;
  return {
    labels: kept.map(({ token_str, label, entity }) => (token_str ?? label ?? entity)!),
    numbers: kept.map(({ score }) => score),
  };
};

/** How far the numbers may be from ours, in parts of the largest. */
const tolerances: Record<ExportPrecision, number> = { fp32: 1e-5, fp16: 2e-3, q8: 0.06, q4: 0.25 };

/** What is wrong with an answer, in words; undefined if it is ours. */
export const differenceOf = (
  { task, expected }: Pick<ExportedModel, "task" | "expected">,
  precision: ExportPrecision,
  answer: unknown,
): string | undefined => {
  const { labels, numbers } = answerOf(task, answer);
  if (numbers.length !== expected.numbers.length)
    return `expected ${expected.numbers.length} numbers, got ${numbers.length}`;
  const largest = Math.max(...expected.numbers.map(Math.abs));
  const error = Math.max(...numbers.map((value, i) => Math.abs(value - expected.numbers[i]!))) / largest;
  if (!(error <= tolerances[precision])) return `expected an error of ${tolerances[precision]}, got ${error}`;
  const isExact = precision === "fp32" || precision === "fp16";
  return isExact && expected.labels.length > 0 && labels.join() !== expected.labels.join()
    ? `expected ${expected.labels}, got ${labels}`
    : undefined;
};
