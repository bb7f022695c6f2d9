import type { Ranks } from "../wrappers/all-reduce.ts";

/** Ranks inside of one process: each `allReduce` resolves when all of them have called it. */
export const ranksInProcess = (size: number): Ranks[] => {
  let waiting: { values: Float32Array; done: () => void }[] = [];
  const allReduce = (values: Float32Array) =>
    new Promise<void>((done) => {
      waiting.push({ values, done });
      if (waiting.length < size) return;
      const all = waiting;
      waiting = [];
      const sum = new Float32Array(values.length);
      for (const { values: one } of all) for (let i = 0; i < sum.length; i++) sum[i]! += one[i]!;
      for (const { values: one, done: settle } of all) {
        one.set(sum);
        settle();
      }
    });
  return Array.from({ length: size }, () => ({ size, allReduce }));
};
