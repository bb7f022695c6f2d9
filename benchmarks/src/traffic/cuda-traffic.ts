import { type CudaBackend, startCuda } from "@cramkit/backend/cuda";
import { buildCudaEmulator } from "@cramkit/backend/cuda-emulator";
import type { ModelConfig } from "@cramkit/model";
import { registerGradients } from "@cramkit/ops";
import { cudaKernels } from "@cramkit/ops/cuda";
import { type Differentiate, recordedGradients } from "@cramkit/recipes";
import type * as tf from "@tensorflow/tfjs-core";
import type { SuiteOptions } from "../measure/suite.ts";
import { number, table } from "../report/markdown.ts";
import { parseShape } from "../workloads/shapes.ts";
import { createTrainingStep, type StepOptimizer } from "../workloads/training-step.ts";

export interface CudaStepTraffic {
  /** Kernels, those that move most first. */
  kernels: { kernel: string; launches: number; bytes: number }[];
  launches: number;
  /** Each block of memory once a launch: what moves if a kernel touches every byte once. */
  bytes: number;
  /** Copies between host and device, and blocks asked of the driver: nothing, once a step repeats itself. */
  copies: number;
  allocations: number;
  bytesInUse: number;
  /**
   * Milliseconds of this thread for a step, for the same one replayed from a graph, and as recipes take it, with forward and backward in a
   * graph and the optimizer beside it; the card computes nothing. Medians.
   */
  hostMs: { step: number; replayed: number; inRecipes: number };
  /** What recipes launch beside the graph. */
  besideGraph: number;
}

const medianMs = (times: number, body: () => void): number => {
  const all = Array.from({ length: times }, () => {
    const start = performance.now();
    body();
    return performance.now() - start;
  });
  return all.sort((a, b) => a - b)[times >> 1]!;
};

/** A card with an H200's memory that computes nothing. */
const emulatedCard = () => {
  const emulator = buildCudaEmulator();
  for (const [key, value] of [
    ["cards", 1],
    ["skipKernels", 1],
    ["memoryBytes", 2 ** 37],
    ["major", 9],
    ["minor", 0],
  ] as const)
    emulator.set(key, value);
  return emulator;
};

/** What one training step launches on CUDA, counted by a driver whose card computes nothing. Linux on x64. */
export const countCudaStep = async (
  shape: string,
  precision: SuiteOptions["precision"],
  {
    warmUp = 2,
    optimizer,
    products,
    hostSteps = 11,
  }: { warmUp?: number; optimizer?: StepOptimizer; products?: SuiteOptions["products"]; hostSteps?: number } = {},
): Promise<CudaStepTraffic> => {
  const emulator = emulatedCard();
  registerGradients();
  const { backend, dispose: end } = await startCuda(
    { library: emulator.library, precision, products, productsLibrary: emulator.library },
    cudaKernels,
  );
  const parsed = parseShape(shape);
  const { step, dispose } = createTrainingStep(parsed, optimizer);
  for (let i = 0; i < warmUp; i++) step().dispose();
  const before = { copies: emulator.get("copies"), allocations: backend.counters().allocations };
  const counted = backend.countTraffic(() => step().dispose());
  const kernels = [...counted].map(([kernel, traffic]) => ({ kernel, ...traffic })).sort((a, b) => b.bytes - a.bytes);
  const traffic = {
    kernels,
    launches: kernels.reduce((sum, { launches }) => sum + launches, 0),
    bytes: kernels.reduce((sum, { bytes }) => sum + bytes, 0),
    copies: emulator.get("copies") - before.copies,
    allocations: backend.counters().allocations - before.allocations,
    bytesInUse: backend.counters().bytesInUse,
    ...hostTimes(backend, parsed.config, step, hostSteps),
  };
  dispose();
  end();
  return traffic;
};

const hostTimes = (
  backend: CudaBackend,
  config: ModelConfig,
  step: (by?: Differentiate) => tf.Tensor,
  steps: number,
) => {
  const stepMs = medianMs(steps, () => step().dispose());
  const recording = backend.record(() => step());
  const replayed = medianMs(101, () => {
    // What changes from step to step: the learning rate.
    for (const { words } of recording.numbers) words[0] = words[0]! ^ 1;
    recording.replay();
  });
  recording.result.dispose();
  recording.dispose();
  const recorded = recordedGradients({ recorder: backend, config, say: (message) => console.warn(message) });
  for (let i = 0; i < 3; i++) step(recorded.differentiate).dispose();
  const before = backend.counters().launches;
  const inRecipes = medianMs(steps, () => step(recorded.differentiate).dispose());
  const besideGraph = (backend.counters().launches - before) / steps;
  recorded.drop();
  return { hostMs: { step: stepMs, replayed, inRecipes }, besideGraph };
};

export const cudaTrafficText = ({ kernels, ...step }: CudaStepTraffic): string => {
  const rows = kernels.map(({ kernel, launches, bytes }) => [kernel, String(launches), number(bytes / 1e9)]);
  return (
    `${table(["kernel", "launches", "GB"], rows)}\n\n${number(step.bytes / 1e9)} GB in ${step.launches} launches; ` +
    `${step.copies} copies from and to the host, ${step.allocations} new blocks, ${number(step.bytesInUse / 1e9)} GB in use between steps\n` +
    `host time of a step ${number(step.hostMs.step)} ms, replayed ${number(step.hostMs.replayed)} ms; ` +
    `in recipes ${number(step.hostMs.inRecipes)} ms, with ${step.besideGraph} launches beside the graph`
  );
};
