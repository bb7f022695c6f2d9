import { shuffledIndices, streamKey } from "@cramkit/random";
import type { Example } from "./example.ts";
import type { TaskKind } from "./task.ts";

/**
 * Sets a share of the examples aside: of every class the same, at least one if it has two. A pure function of the examples'
 * order and the seed; both parts keep that order.
 */
export const splitExamples = (
  kind: TaskKind,
  examples: readonly Example[],
  { share, seed }: { share: number; seed: number },
): { train: Example[]; dev: Example[] } => {
  const strata = new Map<string, number[]>();
  for (const row of shuffledIndices(streamKey(seed, "finetune/split"), examples.length)) {
    const name = kind === "classes" ? String(examples[row]!.label) : "";
    const rows = strata.get(name);
    if (rows) rows.push(row);
    else strata.set(name, [row]);
  }
  const held = new Set<number>();
  for (const rows of strata.values()) {
    const count = rows.length < 2 ? 0 : Math.min(rows.length - 1, Math.max(1, Math.round(share * rows.length)));
    for (const row of rows.slice(0, count)) held.add(row);
  }
  return { train: examples.filter((_, row) => !held.has(row)), dev: examples.filter((_, row) => held.has(row)) };
};
