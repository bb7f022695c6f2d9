import { checkOptions, fault } from "@cramkit/errors";
import { type StreamKey, shuffledIndices, subKey } from "@cramkit/random";
import type { Example, Task, TaskData } from "../tasks/task.ts";
import { type ProbeOptions, probeFrom, probeOptions, type Side } from "./held-out.ts";

const task: Task = {
  name: "acceptability",
  title: "acceptability",
  labels: ["shuffled", "real"],
  pair: false,
  metrics: ["accuracy"],
  probe: true,
};

export interface AcceptabilityOptions extends ProbeOptions {
  /**
   * Words change places only within runs of this many.
   * @defaultValue `4`
   */
  reach?: number;
}

/**
 * A probe, not part of GLUE: is this a real sentence, or the same words shuffled locally? Each sentence occurs in both
 * versions in the same set, so the sets are balanced and counting words scores exactly one half. The first word and the
 * last one stay in place, as capital letter and full stop would give the order away.
 */
export const acceptabilityProbe = (documents: Iterable<string>, options: AcceptabilityOptions = {}): TaskData => {
  checkOptions("acceptabilityProbe", options, { ...probeOptions, reach: true });
  const { reach = 4, minWords = 6 } = options;
  if (!(reach >= 2))
    throw fault({
      code: "invalid-argument",
      place: "acceptabilityProbe",
      problem: `expected a reach of at least 2 words, got ${reach}`,
      type: RangeError,
    });
  if (!(minWords >= 4))
    throw fault({
      code: "invalid-argument",
      place: "acceptabilityProbe",
      problem: `expected minWords of at least 4, got ${minWords}`,
      type: RangeError,
    });
  const build = (side: Side, limit: number, key: StreamKey): Example[] => {
    const sentences = side.flat(2);
    const examples: Example[] = [];
    for (const index of shuffledIndices(subKey(key, "sentences"), sentences.length)) {
      if (examples.length + 2 > limit) break;
      const shuffled = shuffledWords(sentences[index]!, reach, subKey(key, "words", index));
      if (shuffled === undefined) continue;
      examples.push({ text: sentences[index]!, label: 1 }, { text: shuffled, label: 0 });
    }
    return examples;
  };
  return probeFrom(task, documents, build, options);
};

/** Undefined if the inner words are all the same. */
const shuffledWords = (sentence: string, reach: number, key: StreamKey): string | undefined => {
  const words = sentence.split(" ");
  const last = words.length - 1;
  for (let start = 1; start < last; start += reach) {
    const length = Math.min(reach, last - start);
    const run = words.slice(start, start + length);
    const order = shuffledIndices(subKey(key, start), length);
    if (order.every((from, to) => run[from] === run[to])) order.set([...order.slice(1), order[0]!]);
    for (let i = 0; i < length; i++) words[start + i] = run[order[i]!]!;
  }
  const shuffled = words.join(" ");
  return shuffled === sentence ? undefined : shuffled;
};
