import { checkOptions } from "@cramkit/errors";
import { type StreamKey, shuffledIndices, streamKey, subKey } from "@cramkit/random";
import type { Example, TaskData } from "./task.ts";

export interface SubsetOptions {
  /**
   * At most this many training examples.
   * @defaultValue all of them
   */
  train?: number;
  /**
   * At most this many examples of each evaluation set.
   * @defaultValue all of them
   */
  dev?: number;
  /** @defaultValue `0` */
  seed?: number;
}

/** A random part of a task, for a quick look. Its scores are shown as those of partial data. */
export const subset = (data: TaskData, options: SubsetOptions): TaskData => {
  checkOptions("subset", options, { train: true, dev: true, seed: true });
  const { train, dev, seed = 0 } = options;
  const key = streamKey(seed, "glue/subset");
  return {
    ...data,
    train: sample(data.train, train, subKey(key, "train")),
    officialTrainRows: data.officialTrainRows ?? data.train.length,
    evaluations: data.evaluations.map((set) => ({
      ...set,
      examples: sample(set.examples, dev, subKey(key, set.name)),
      officialRows: set.officialRows ?? set.examples.length,
    })),
  };
};

/** `count` examples in their old order. */
const sample = (examples: readonly Example[], count = examples.length, key: StreamKey): readonly Example[] => {
  if (count >= examples.length) return examples;
  const chosen = shuffledIndices(key, examples.length).subarray(0, count).sort();
  return Array.from(chosen, (row) => examples[row]!);
};
