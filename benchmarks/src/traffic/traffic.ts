import * as tf from "@tensorflow/tfjs-core";
import { deviceBackend, startCompute } from "../measure/compute.ts";
import type { SuiteOptions } from "../measure/suite.ts";
import { number, table } from "../report/markdown.ts";
import { parseShape } from "../workloads/shapes.ts";
import { createTrainingStep, type StepOptimizer } from "../workloads/training-step.ts";
import { type CountedLimits, countingGpu } from "./counting-gpu.ts";

export interface StepTraffic {
  /** Kernels, those that bind most first. */
  kernels: { kernel: string; dispatches: number; bytes: number }[];
  dispatches: number;
  /** Each binding counted once: what moves if a kernel touches every byte once. */
  bytes: number;
  /** New in this step; both stand still if a step repeats itself. */
  bindGroups: number;
  uniformUploads: number;
  submits: number;
  allocatedBytes: number;
  /** Processor time of a step on the host in ms, the median of `hostSteps`: kernels' choice and encoding, without Dawn's share. */
  hostMs: number | undefined;
}

/** Of a device that computes nothing, all time is the host's. */
const hostMsOf = (once: () => void, steps: number): number | undefined => {
  const times = Array.from({ length: steps }, () => {
    const start = process.cpuUsage();
    once();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  }).sort((a, b) => a - b);
  return times[Math.floor(steps / 2)];
};

/**
 * What one training step dispatches on WebGPU, counted on a device that computes nothing.
 *
 * @throws RangeError naming what is beyond the device's limits
 */
export const countStep = async (
  shape: string,
  precision: SuiteOptions["precision"],
  {
    limits,
    warmUp = 12,
    optimizer,
    hostSteps = 0,
  }: { limits?: CountedLimits; warmUp?: number; optimizer?: StepOptimizer; hostSteps?: number } = {},
): Promise<StepTraffic> => {
  const options: SuiteOptions = { backend: "webgpu", precision, shapes: [], quick: false, python: "" };
  const compute = await startCompute(options, { gpu: countingGpu(limits) });
  const { step, dispose } = createTrainingStep(parseShape(shape), optimizer);
  const once = () => step().dispose();
  for (let i = 0; i < warmUp; i++) once();
  const backend = deviceBackend();
  const before = backend.dispatchCounters!();
  const counted = backend.countTraffic!(once);
  const after = backend.dispatchCounters!();
  const hostMs = hostMsOf(once, hostSteps);
  const kernels = [...counted].map(([kernel, traffic]) => ({ kernel, ...traffic })).sort((a, b) => b.bytes - a.bytes);
  const traffic: StepTraffic = {
    kernels,
    dispatches: kernels.reduce((sum, { dispatches }) => sum + dispatches, 0),
    bytes: kernels.reduce((sum, { bytes }) => sum + bytes, 0),
    bindGroups: after.bindGroups - before.bindGroups,
    uniformUploads: after.uniformUploads - before.uniformUploads,
    submits: after.submits - before.submits,
    allocatedBytes: (tf.memory() as unknown as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU,
    hostMs,
  };
  dispose();
  compute.dispose();
  return traffic;
};

export const trafficText = ({ kernels, ...step }: StepTraffic): string => {
  const rows = kernels.map(({ kernel, dispatches, bytes }) => [kernel, String(dispatches), number(bytes / 1e9)]);
  return (
    `${table(["kernel", "dispatches", "GB"], rows)}\n\n${number(step.bytes / 1e9)} GB in ${step.dispatches} dispatches; ` +
    `${step.bindGroups} new bind groups, ${step.uniformUploads} uploads of uniforms, ${step.submits} submits, ` +
    `${number(step.allocatedBytes / 1e9)} GB allocated${step.hostMs === undefined ? "" : `; ${number(step.hostMs)} ms of the host's JavaScript`}`
  );
};
