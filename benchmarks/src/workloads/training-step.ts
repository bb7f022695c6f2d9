import { countFlops, init, maskedLanguageModelLoss, type Params, valueAndNamedGrads } from "@cramkit/model";
import { optimizerKernels } from "@cramkit/ops";
import { adamw, clip, disposeState, muon, type Optimizer } from "@cramkit/optim";
import type { Differentiate } from "@cramkit/recipes";
import * as tf from "@tensorflow/tfjs-core";
import { disposeComputed } from "../measure/compute.ts";
import type { Shape } from "./shapes.ts";

export interface Batch {
  batchSize: number;
  seqLength: number;
  inputIds: Int32Array;
  positions: Int32Array;
  targets: Int32Array;
}

/** Rows of ids in which every fourth position is predicted. */
export const batchOf = ({ config, batch, seq }: Shape): Batch => {
  const size = batch * seq;
  const count = Math.round(size / 4);
  const first = Math.min(7, config.vocabSize - 1);
  const idAt = (i: number) => first + ((i * 7919) % (config.vocabSize - first));
  const positions = Int32Array.from({ length: count }, (_, i) => Math.min(size - 1, 4 * i + 1));
  return {
    ...{ batchSize: batch, seqLength: seq, inputIds: Int32Array.from({ length: size }, (_, i) => idAt(i)), positions },
    targets: positions.map((i) => idAt(i + 1)),
  };
};

export const gradient = (params: Params, config: Shape["config"], batch: Batch): { loss: tf.Scalar; grads: Params } => {
  const { value, grads } = valueAndNamedGrads(params, (live) => maskedLanguageModelLoss(live, config, batch));
  return { loss: value, grads };
};

/** L2 norm over all tensors from tfjs-core. Not `addN`: stock WebGPU adds at most seven tensors at once. */
export const composedNorm = (tensors: readonly tf.Tensor[]): tf.Tensor =>
  tf.tidy(() => tf.sqrt(tensors.map((one) => tf.sum(tf.square(one)) as tf.Tensor).reduce((a, b) => tf.add(a, b))));

/** What a step may be taken with. */
export type StepOptimizer = "adamw" | "muon";

/** AdamW under a clipped norm, what most recipes train with; or Muon as in crammed-2026. */
export const optimizerOf = (name: StepOptimizer = "adamw"): Optimizer => {
  const kernels = optimizerKernels();
  const stepping =
    name === "muon"
      ? muon({ learningRate: 1e-3, matchRms: true, method: "polar-express", adamw: { kernels } })
      : adamw({ learningRate: 1e-3, kernels });
  return clip(stepping, {
    maxNorm: 0.5,
    kernels: kernels ?? { globalNorm: composedNorm },
  });
};

/** Three things to time on a model, over one state that the last of them moves. */
export const createTrainingStep = (shape: Shape, optimizerName: StepOptimizer = "adamw") => {
  const { config, batch: size, seq } = shape;
  const batch = batchOf(shape);
  const optimizer = optimizerOf(optimizerName);
  let params = init(config, 1);
  let state = optimizer.init(params);
  let count = 0;
  const flops = countFlops(config, seq);
  return {
    tokens: size * seq,
    flops: { forward: size * flops.forward, gradient: size * (flops.forward + flops.backward) },
    forward: () => maskedLanguageModelLoss(params, config, batch).dispose(),
    gradient: () => {
      const { loss, grads } = gradient(params, config, batch);
      disposeComputed(loss, ...Object.values(grads));
    },
    /** Returns the loss before the step; `by` computes it and the gradients, as recipes have them recorded. */
    step: (by?: Differentiate): tf.Scalar => {
      const lossOf = (live: Params, own: Batch) => maskedLanguageModelLoss(live, config, own);
      const { value: loss, grads } = by
        ? by({ params, batch, lossOf })
        : valueAndNamedGrads(params, (live) => lossOf(live, batch));
      const progress = { microbatch: count, step: count++, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
      const next = optimizer.update(grads, state, params, progress);
      [params, state] = [next.params, next.state];
      return loss;
    },
    dispose: () => {
      tf.dispose(params);
      disposeState(state);
    },
  };
};
