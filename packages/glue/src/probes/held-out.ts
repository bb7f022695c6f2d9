import { fault, type KnownOptions } from "@cramkit/errors";
import { randomStream, type StreamKey, streamKey, subKey } from "@cramkit/random";
import type { Example, Task, TaskData } from "../tasks/task.ts";
import { type Passage, passages, type SentenceOptions } from "./sentences.ts";

/** Options of a probe that is built from documents. */
export interface ProbeOptions extends SentenceOptions {
  /** @defaultValue `0` */
  seed?: number;
  /**
   * The share of documents whose examples are scored instead of trained on.
   * @defaultValue `0.2`
   */
  devFraction?: number;
  /**
   * At most this many training examples; an even number keeps them balanced.
   * @defaultValue `4000`
   */
  maxTrain?: number;
  /** @defaultValue `1000` */
  maxDev?: number;
}

/** The options of every probe, for the check of their names. */
export const probeOptions: KnownOptions<ProbeOptions> = {
  seed: true,
  devFraction: true,
  maxTrain: true,
  maxDev: true,
  minWords: true,
  maxWords: true,
};

/** The passages of one side, by document; no sentence occurs twice in both sides together. */
export type Side = readonly (readonly Passage[])[];

/**
 * Builds both sets of a probe. Documents go to one side or the other, a pure function of (seed, position of the
 * document). A sentence that occurs again is dropped, so that nothing scored was trained on.
 */
export const probeFrom = (
  task: Task,
  documents: Iterable<string>,
  build: (side: Side, limit: number, key: StreamKey) => Example[],
  { seed = 0, devFraction = 0.2, maxTrain = 4000, maxDev = 1000, ...sentences }: ProbeOptions,
): TaskData => {
  const train: Passage[][] = [];
  const dev: Passage[][] = [];
  const seen = new Set<string>();
  const key = streamKey(seed, "glue/probe", task.name);
  const { float64 } = randomStream(subKey(key, "held-out"));
  let position = 0;
  for (const document of documents) {
    const side = float64(position++) < devFraction ? dev : train;
    const fresh = passages(document, sentences).flatMap((passage) => withoutRepeats(passage, seen));
    if (fresh.length > 0) side.push(fresh);
  }
  const examples = {
    train: build(train, maxTrain, subKey(key, "train")),
    dev: build(dev, maxDev, subKey(key, "dev")),
  };
  for (const [name, { length }] of Object.entries(examples)) {
    if (length === 0)
      throw fault({
        code: "invalid-input",
        place: `${task.name} probe`,
        problem: `expected sentences for its ${name} set in ${position} documents, found none`,
        remedy: "pass more documents, or lower minWords",
        type: RangeError,
      });
  }
  return {
    task,
    train: examples.train,
    evaluations: [{ name: "dev", column: task.title, examples: examples.dev }],
  };
};

const withoutRepeats = (passage: Passage, seen: Set<string>): Passage[] => {
  const result: string[][] = [[]];
  for (const sentence of passage) {
    const key = sentence.toLowerCase();
    if (seen.has(key)) result.push([]);
    else result.at(-1)!.push(sentence);
    seen.add(key);
  }
  return result.filter(({ length }) => length > 0);
};
