import * as tf from "@tensorflow/tfjs-core";
import { deviceBackend, hasDeviceClock, startCompute, sync } from "../measure/compute.ts";
import type { Suite, SuiteContext } from "../measure/suite.ts";
import { spread } from "../measure/timing.ts";
import { type Shape, shapesOf } from "../workloads/shapes.ts";
import { createTrainingStep } from "../workloads/training-step.ts";

/** All calls of a kernel within one step. */
interface Total {
  calls: number;
  ms: number;
  bytes?: number;
}

const add = (totals: Map<string, Total>, key: string, ms: number, bytes?: number): void => {
  const before = totals.get(key) ?? { calls: 0, ms: 0 };
  const sum = bytes === undefined ? {} : { bytes: (before.bytes ?? 0) + bytes };
  totals.set(key, { calls: before.calls + 1, ms: before.ms + ms, ...sum });
};

/** By the device's own timestamps. */
const onDevice = async (step: () => void): Promise<Map<string, Total>> => {
  const totals = new Map<string, Total>();
  for (const { key, ms, bytes } of await deviceBackend().profile!(step)) add(totals, key, ms, bytes);
  return totals;
};

/**
 * By the host's clock around each of tfjs's kernels: exact if the backend computes synchronously. A kernel that calls
 * others counts without them; `(outside)` is what happens between kernels.
 */
const onHost = (step: () => void): Map<string, Total> => {
  const [totals, backend] = [new Map<string, Total>(), tf.getBackend()];
  const kernels = tf.getKernelsForBackend(backend);
  let inside = 0;
  const replace = (config: tf.KernelConfig) => {
    tf.unregisterKernel(config.kernelName, backend);
    tf.registerKernel(config);
  };
  const timed = (config: tf.KernelConfig): tf.KernelConfig => ({
    ...config,
    kernelFunc: (call) => {
      const [before, start] = [inside, performance.now()];
      const output = config.kernelFunc(call);
      const elapsed = performance.now() - start;
      add(totals, config.kernelName, elapsed - (inside - before));
      inside = before + elapsed;
      return output;
    },
  });
  kernels.map(timed).forEach(replace);
  const start = performance.now();
  try {
    step();
  } finally {
    kernels.forEach(replace);
  }
  add(totals, "(outside)", performance.now() - start - inside);
  return totals;
};

const measureStep = async (shape: Shape, { options, emit }: SuiteContext): Promise<void> => {
  const training = createTrainingStep(shape);
  const step = () => training.step().dispose();
  const runs: Map<string, Total>[] = [];
  const clock = hasDeviceClock() ? "device" : "host";
  try {
    for (let i = 0; i < 3; i++) step();
    await sync();
    for (let i = 0; i < (options.quick ? 1 : 5); i++) runs.push(await (clock === "device" ? onDevice : onHost)(step));
  } finally {
    training.dispose();
  }
  if (runs[0]!.size === 0)
    throw new Error("kernels: expected a device with timestamp-query, got none; see `cramkit doctor`");
  const whole =
    runs.reduce((sum, run) => sum + [...run.values()].reduce((all, { ms }) => all + ms, 0), 0) / runs.length;
  const rows = [...runs[0]!].map(([kernel, { calls, bytes }]) => {
    const ms = runs.flatMap((run) => run.get(kernel)?.ms ?? []);
    return { kernel, calls, bytes, ms: spread(ms), samples: ms.length };
  });
  for (const { kernel, calls, bytes, ms, samples } of rows.sort((a, b) => b.ms.p50 - a.ms.p50))
    emit({
      ...{ kind: "measurement", suite: "kernels", case: kernel, mode: "step", provider: "cramkit" },
      ...{ backend: options.backend, precision: options.precision },
      shape: `${shape.name}, ${shape.batch} x ${shape.seq}`,
      ...{ unit: "ms", value: ms, ms, samples, clock, load: 0, calls, part: ms.p50 / whole },
      ...(bytes !== undefined && { bytes }),
    });
};

export const kernelsSuite: Suite = {
  name: "kernels",
  describes: "where one training step goes, kernel by kernel, the longest first",
  hasShapes: true,
  async run(context) {
    await startCompute(context.options);
    for (const shape of shapesOf(context.options)) {
      try {
        await measureStep(shape, context);
      } catch (error) {
        context.fail(shape.name, "cramkit", error);
      }
    }
  },
};
