import { checkOptions } from "@cramkit/errors";
import { scalar, tensor } from "@tensorflow/tfjs-core";
import type { MeasuredGradients, Optimizer, OptimizerState, TensorMap, Updated, Updating } from "../contracts.ts";
import { defineOptimizer } from "../state/define-optimizer.ts";
import { asMeasured, disposeMap } from "../state/tensor-map.ts";

/** What a wrapper needs of the ranks of a job; `Communicator` of `@cramkit/parallel` has it. */
export interface Ranks {
  readonly size: number;
  /** Replaces the values, in place, by their sum over all ranks: the same bits on every rank. */
  allReduce(values: Float32Array): Promise<void>;
}

export interface AllReduceOptions {
  ranks: Ranks;
  /**
   * Another way to sum over all ranks, such as one that sends float16.
   *
   * @defaultValue `ranks.allReduce`
   */
  sum?: (values: Float32Array) => Promise<void>;
}

/**
 * Hands the mean gradient of all ranks to `inner`. Ranks weigh as many as their `targets`, so that the mean is that of the
 * whole batch however its masks fall, or the same if their gradients do not say. Ranks that begin with the same parameters
 * keep the same, to the last bit.
 *
 * Put it inside of `accumulate`, so that ranks exchange once a step, and around `clip`, so that the norm is that of the whole
 * batch: `accumulate(allReduce(clip(adamw()), { ranks }), ...)`. All ranks must call `update` equally often. One rank's
 * gradients that are not finite skip the step on all. Gradients are read from the device, summed on the host, and sent back.
 *
 * Li et al., "PyTorch Distributed: Experiences on Accelerating Data Parallel Training" (arXiv 2006.15704).
 */
export const allReduce = (inner: Optimizer<Updating>, options: AllReduceOptions): Optimizer<Promise<Updated>> => {
  checkOptions("allReduce", options, { ranks: true, sum: true });
  const { ranks, sum = (values) => ranks.allReduce(values) } = options;
  // Its state is that of `inner`, so that one rank goes on with what several began, and the other way round.
  return defineOptimizer<OptimizerState>({
    init: inner.init,
    async update(gradients, state, params, progress, gradScale) {
      const { grads, targets } = asMeasured(gradients);
      const weight = targets ?? 1;
      const entries = Object.entries(grads);
      const length = entries.reduce((total, [, { size }]) => total + size, 1);
      const values = new Float32Array(length); // the tensors of the means lie in it
      const [scale, ...data] = await Promise.all([
        gradScale ? gradScale.data() : [1],
        ...entries.map(([, grad]) => grad.data<"float32">()),
      ]);
      const factor = weight * scale[0]!;
      let at = 0;
      for (const list of data) {
        // A rank without a target says nothing, whatever its gradients are.
        if (weight === 0) values.fill(0, at, at + list.length);
        else for (let i = 0; i < list.length; i++) values[at + i] = list[i]! * factor;
        at += list.length;
      }
      values[at] = weight;
      await sum(values);
      const total = values[at]!;
      const means = toTensors(grads, values, total === 0 ? 0 : 1 / total);
      disposeMap(grads);
      const measured: MeasuredGradients = { grads: means, ...(targets !== undefined && { targets: total }) };
      const whole = total === 0 ? scalar(0) : undefined; // a batch without a target is skipped
      try {
        return await inner.update(measured, state, params, progress, whole);
      } finally {
        whole?.dispose();
      }
    },
  });
};

/** Tensors of the names and shapes of `like`, cut out of the values one after the other, times a factor. */
const toTensors = (like: TensorMap, values: Float32Array, factor: number): TensorMap => {
  let at = 0;
  const made: Record<string, ReturnType<typeof tensor>> = {};
  for (const [name, { shape, size }] of Object.entries(like)) {
    const part = values.subarray(at, at + size);
    if (factor !== 1) for (let i = 0; i < size; i++) part[i]! *= factor;
    made[name] = tensor(part, shape, "float32");
    at += size;
  }
  return made;
};
