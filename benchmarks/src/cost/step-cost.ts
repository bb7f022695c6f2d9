import { startCompute } from "../measure/compute.ts";
import { table } from "../report/markdown.ts";
import { parseShape } from "../workloads/shapes.ts";
import { createTrainingStep, type StepOptimizer } from "../workloads/training-step.ts";

export interface StepCost {
  readonly shape: string;
  /** Processor seconds of a step for each token of it: the median over the rounds, and the least. */
  readonly median: number;
  readonly least: number;
  /** The median over the rounds of what it took beside the first shape in the same round. */
  readonly ratio: number;
}

export interface StepCostOptions {
  /** @defaultValue 20 */
  rounds?: number;
  /** @defaultValue "adamw" */
  optimizer?: StepOptimizer;
  /**
   * Processor time of this process, in seconds.
   *
   * @defaultValue that of the system
   */
  cpuSeconds?: () => number;
}

/** Rounds in which code is compiled and memory is found, which do not count. */
const warmUp = 3;

/**
 * What training steps cost on the CPU backend, on one thread, in turns: in processor time, which other work on the machine
 * disturbs less than the clock. All shapes are held at the same time.
 */
export const stepCosts = async (
  names: readonly string[],
  { rounds = 20, optimizer, cpuSeconds = systemSeconds }: StepCostOptions = {},
): Promise<StepCost[]> => {
  const options = { backend: "cpu", precision: "float32", threads: 1, quick: false, python: "" } as const;
  const compute = await startCompute({ ...options, shapes: [] });
  const steps = names.map((name) => createTrainingStep(parseShape(name), optimizer));
  const taken: number[][] = names.map(() => []);
  for (let round = 0; round < warmUp + rounds; round++)
    for (const [i, { step, tokens }] of steps.entries()) {
      const before = cpuSeconds();
      const loss = step();
      await loss.data();
      loss.dispose();
      const seconds = cpuSeconds() - before;
      if (round >= warmUp) taken[i]!.push(seconds / tokens);
    }
  for (const { dispose } of steps) dispose();
  compute.dispose();
  return names.map((shape, i) => ({
    shape,
    median: median(taken[i]!),
    least: Math.min(...taken[i]!),
    ratio: median(taken[i]!.map((seconds, round) => seconds / taken[0]![round]!)),
  }));
};

export const stepCostText = (costs: readonly StepCost[]): string =>
  table(
    ["step", "processor µs a token", "least", "ratio"],
    costs.map(({ shape, median, least, ratio }) => [
      shape,
      (1e6 * median).toFixed(1),
      (1e6 * least).toFixed(1),
      ratio.toFixed(3),
    ]),
  );

const systemSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
