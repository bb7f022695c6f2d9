import * as tf from "@tensorflow/tfjs-core";
import { createStep, type StepShape, stepFlops } from "./encoder-step.ts";

export interface StepMeasurement {
  tokensPerSecond: number;
  gflopPerSecond: number;
  /** Milliseconds of the median step. */
  milliseconds: number;
  losses: number[];
}

/** Times `steps` training steps on tfjs's current backend, after `warmUp` others. */
export const measureStep = (shape: StepShape, { steps = 5, warmUp = 2 } = {}): StepMeasurement => {
  const step = createStep(shape);
  const losses: number[] = [];
  const times: number[] = [];
  for (let i = -warmUp; i < steps; i++) {
    const start = performance.now();
    losses.push(step.run());
    if (i >= 0) times.push(performance.now() - start);
  }
  step.dispose();
  const milliseconds = times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
  return {
    tokensPerSecond: (shape.batchSize * shape.seqLength * 1000) / milliseconds,
    gflopPerSecond: stepFlops(shape) / milliseconds / 1e6,
    milliseconds,
    losses,
  };
};

export interface KernelProfile {
  kernel: string;
  calls: number;
  milliseconds: number;
  /** Of the whole step. */
  share: number;
}

/**
 * Where one step goes, kernel by kernel, the longest first; the last row is what happens outside of kernels. Exact on
 * backends that compute synchronously. Kernels that call others are counted without them.
 */
export const profileStep = (shape: StepShape): KernelProfile[] => {
  const backend = tf.getBackend();
  const step = createStep(shape);
  for (let i = 0; i < 3; i++) step.run();
  const spent = new Map<string, { calls: number; milliseconds: number }>();
  let inside = 0;
  const kernels = tf.getKernelsForBackend(backend);
  const replace = (config: tf.KernelConfig) => {
    tf.unregisterKernel(config.kernelName, backend);
    tf.registerKernel(config);
  };
  for (const config of kernels) {
    replace({
      ...config,
      kernelFunc: (call) => {
        const before = inside;
        const start = performance.now();
        const output = config.kernelFunc(call);
        const elapsed = performance.now() - start;
        const own = elapsed - (inside - before);
        inside = before + elapsed;
        const entry = spent.get(config.kernelName) ?? { calls: 0, milliseconds: 0 };
        spent.set(config.kernelName, { calls: entry.calls + 1, milliseconds: entry.milliseconds + own });
        return output;
      },
    });
  }
  const start = performance.now();
  step.run();
  const total = performance.now() - start;
  for (const config of kernels) replace(config);
  step.dispose();
  const outside = { calls: 1, milliseconds: total - inside };
  return [...[...spent].sort(([, a], [, b]) => b.milliseconds - a.milliseconds), ["(outside)", outside] as const].map(
    ([kernel, entry]) => ({ kernel, ...entry, share: entry.milliseconds / total }),
  );
};
