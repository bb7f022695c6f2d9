import { fault } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import { padded } from "../encode/batches.ts";
import { type EncodedExample, encodeExample } from "../encode/encode.ts";
import { sayCount } from "../encode/say-count.ts";
import type { Example } from "../examples/example.ts";
import type { Task } from "../examples/task.ts";
import { contrastiveLossOf } from "../learn/contrastive-loss.ts";
import type { EncodeSetOptions } from "../learn/encode-set.ts";
import { forwardWith } from "../learn/forward.ts";
import type { AfterBatch, Objective } from "../learn/objective.ts";
import type { Settings } from "../learn/settings.ts";
import { outputsOfRows } from "../score/outputs.ts";
import type { NamedTensors } from "../tensors/named-tensors.ts";
import { halvesOf, retrievalSet } from "./retrieval-set.ts";
import { scoreRetrieval } from "./score-retrieval.ts";

export interface EmbeddingSets {
  readonly task: Task;
  readonly config: ModelConfig;
  readonly settings: Settings;
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
}

const rowsAtOnce = 32;

/**
 * To bring texts near to what belongs to them: to their second texts, or without any to themselves under other dropout
 * (SimCSE). A dev set without second texts is scored by whether first halves find their second ones.
 */
export const embeddingObjective = async (
  { task, config, settings, train, dev }: EmbeddingSets,
  encoding: Omit<EncodeSetOptions, "role">,
): Promise<Objective> => {
  const { temperature } = settings;
  requireContrast(train, settings);
  const found = dev.flatMap((example) => (example.pair === undefined ? (halvesOf(example) ?? []) : example));
  if (found.length === 0)
    throw fault({
      code: "invalid-input",
      place: "finetune",
      problem: "expected texts to score on whose halves can find each other, got single characters alone",
      remedy: "give longer texts, or pairs as the dev set",
      details: { set: "dev" },
      type: RangeError,
    });
  const rows = await encodeTexts(task, train, { ...encoding, role: "training set" });
  const devRows = await encodeTexts(task, found, { ...encoding, role: "dev set" });
  const set = retrievalSet(found, (text) => devRows.get(text)!);
  const padding = { id: encoding.special.pad, maxLength: config.maxLength };
  const pause = () => encoding.pause();
  const score = async (params: NamedTensors, afterBatch: AfterBatch) => {
    const forward = forwardWith({ params, config, task });
    const vectors = await outputsOfRows(config.hidden, set.rows, {
      batchSize: rowsAtOnce,
      padding,
      forward,
      afterBatch,
    });
    return scoreRetrieval(set, vectors, { temperature, pause });
  };
  return {
    trainRows: train.length,
    devRows: set.rows.length,
    batchOf(numbers) {
      const members = Array.from(numbers, (number) => train[number]!);
      const texts = members.map(({ text }) => text);
      const others = members.map(({ text, pair }) => pair ?? text);
      const candidates = [...others, ...members.flatMap(({ negative }) => negative ?? [])];
      const batch = padded(
        [...texts, ...candidates].map((text) => rows.get(text)!),
        padding,
      );
      const alike = alikeOf(texts, others, candidates);
      const contrast = { pairs: texts.length, alike, temperature };
      return { batch, loss: contrastiveLossOf(config, task.pooling ?? "mean", contrast) };
    },
    evaluate: async (params, afterBatch) => (await score(params, afterBatch)).evaluation,
    outcomes: score,
  };
};

/** Candidates that would be no mistake: those that say the same as what belongs to a text, or as the text. */
const alikeOf = (texts: readonly string[], others: readonly string[], candidates: readonly string[]): Uint8Array => {
  const alike = new Uint8Array(texts.length * candidates.length);
  for (const [i, text] of texts.entries())
    for (const [j, candidate] of candidates.entries()) {
      const isSame = candidate === others[i] || candidate === text || texts[j] === text;
      if (i !== j && isSame) alike[i * candidates.length + j] = 1;
    }
  return alike;
};

/** Every text of a set as tokens, each once. */
const encodeTexts = async (
  task: Task,
  examples: readonly Example[],
  { role, say, pause, ...encoding }: EncodeSetOptions,
): Promise<ReadonlyMap<string, EncodedExample>> => {
  const rows = new Map<string, EncodedExample>();
  const found: number[] = [];
  for (const [index, { text, pair, negative }] of examples.entries()) {
    let cut = 0;
    for (const one of [text, pair, negative]) {
      if (one === undefined) continue;
      if (!rows.has(one)) rows.set(one, encodeExample({ text: one }, task, encoding));
      cut += rows.get(one)!.cut;
    }
    if (cut > 0) found.push(index);
    await pause();
  }
  sayCount(say, { examples, role, found }, `have a text of more than ${encoding.maxLength} tokens, which was cut`);
  return rows;
};

/** What there is nothing to learn from: one example, and a text beside itself without dropout. */
const requireContrast = (train: readonly Example[], { dropout }: Settings): void => {
  if (train.length < 2)
    throw fault({
      code: "invalid-input",
      place: "finetune",
      problem: `expected at least two training examples, got ${train.length}`,
      remedy: "give more: each text is told from the others",
      type: RangeError,
    });
  if (train[0]!.pair === undefined && dropout === 0)
    throw fault({
      code: "invalid-argument",
      place: "finetune",
      problem: "expected dropout above 0 for texts without second ones, got 0: each would meet itself, unchanged",
      remedy: "raise dropout, or give second texts",
      type: RangeError,
    });
};
