import { checkOptions } from "@cramkit/errors";
import { type StreamKey, shuffledIndices, subKey } from "@cramkit/random";
import type { Example, Task, TaskData } from "../tasks/task.ts";
import { type ProbeOptions, probeFrom, probeOptions, type Side } from "./held-out.ts";

const task: Task = {
  name: "continuity",
  title: "continuity",
  labels: ["random", "next"],
  pair: true,
  metrics: ["accuracy"],
  probe: true,
};

/**
 * A probe, not part of GLUE: does the second sentence follow the first in its document, or is it from another document?
 * Each first sentence occurs once with its successor and once with another's, and so does each second one: the sets are
 * balanced, and neither sentence alone says anything.
 */
export const continuityProbe = (documents: Iterable<string>, options: ProbeOptions = {}): TaskData => {
  checkOptions("continuityProbe", options, probeOptions);
  const build = (side: Side, limit: number, key: StreamKey): Example[] => {
    const pairs = chosen(side, Math.floor(limit / 2), key);
    // Sorted by document, a shift by the largest group leaves nobody in the own document.
    const largest = longestRun(pairs);
    const examples: Example[] = [];
    for (const [i, { first, second }] of pairs.entries()) {
      const other = pairs[(i + largest) % pairs.length]!;
      examples.push({ text: first, pair: second, label: 1 }, { text: first, pair: other.second, label: 0 });
    }
    return examples;
  };
  return probeFrom(task, documents, build, options);
};

interface Pair {
  readonly first: string;
  readonly second: string;
  readonly document: number;
}

/** At most `limit` pairs sorted by document, none of which has more than half of them. */
const chosen = (side: Side, limit: number, key: StreamKey): Pair[] => {
  const all: Pair[] = [];
  for (const [document, found] of side.entries()) {
    for (const passage of found)
      for (let i = 1; i < passage.length; i++) all.push({ first: passage[i - 1]!, second: passage[i]!, document });
  }
  const rank = shuffledIndices(subKey(key, "documents"), side.length);
  const groups = new Map<number, Pair[]>();
  for (const index of shuffledIndices(subKey(key, "pairs"), all.length).subarray(0, limit)) {
    const pair = all[index]!;
    const key = rank[pair.document]!;
    const group = groups.get(key);
    if (group) group.push(pair);
    else groups.set(key, [pair]);
  }
  const sorted = [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
  const total = sorted.reduce((sum, { length }) => sum + length, 0);
  return sorted.flatMap((group) => group.slice(0, Math.max(0, total - group.length)));
};

const longestRun = (pairs: readonly Pair[]): number => {
  let longest = 0;
  for (let start = 0; start < pairs.length; ) {
    let end = start;
    while (end < pairs.length && pairs[end]!.document === pairs[start]!.document) end++;
    longest = Math.max(longest, end - start);
    start = end;
  }
  return longest;
};
