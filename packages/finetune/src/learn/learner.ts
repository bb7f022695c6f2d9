import type { TensorEntry } from "@cramkit/checkpoint";
import { checkOptions } from "@cramkit/errors";
import { type ForwardOptions, type Inputs, type ModelConfig, type Params, valueAndNamedGrads } from "@cramkit/model";
import {
  disposeGradients,
  disposeState,
  lossScale,
  type Optimizer,
  type OptimizerState,
  type StateLayout,
  stateFromTensors,
  stateLayout,
  stateTensors,
  type Updated,
} from "@cramkit/optim";
import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import type { InputBatch } from "../encode/batches.ts";
import { hostTensors } from "../tensors/host-tensors.ts";
import { disposeTensors, tensorsOf } from "../tensors/named-tensors.ts";
import { inputTensors } from "./inputs.ts";

/** A training state on the host. */
export interface LearnerState {
  /** `param/...` and `optimizer/...`. */
  readonly tensors: readonly TensorEntry[];
  readonly optimizer: StateLayout;
  readonly step: number;
}

/** The loss of a batch: a scalar. */
export type BatchLoss = (params: Params, inputs: Inputs, options: ForwardOptions) => Tensor;

/** Weights that are being trained. Owns them. */
export interface Learner {
  /** One step; resolves to its loss. */
  learn(batch: InputBatch, loss: BatchLoss): Promise<number>;
  /** Borrowed: the next step consumes them. */
  readonly params: Params;
  state(): Promise<LearnerState>;
  dispose(): void;
}

export interface LearnerOptions {
  readonly config: ModelConfig;
  /** Given away. */
  readonly params: Params;
  readonly optimizer: Optimizer<Updated>;
  /** Dropout is drawn with it, anew for each step. */
  readonly dropoutSeed: number;
}

/** Trains weights step by step: gradients, and what the optimizer makes of them. */
export const createLearner = (options: LearnerOptions, from?: LearnerState): Learner => {
  checkOptions("createLearner", options, { config: true, params: true, optimizer: true, dropoutSeed: true });
  const { config, params, optimizer, dropoutSeed } = options;
  let live = params;
  let state: OptimizerState;
  let step = from?.step ?? 0;
  if (from) {
    disposeTensors(params);
    live = tensorsOf(from.tensors, "param/");
    state = stateFromTensors(from.optimizer, tensorsOf(from.tensors, "optimizer/"));
  } else state = optimizer.init(live);

  return {
    get params() {
      return live;
    },
    async learn(batch, loss) {
      const options = config.dropout > 0 ? { dropout: { seed: dropoutSeed, step } } : {};
      const { value, grads } = valueAndNamedGrads(
        live,
        (values) => tidy(() => loss(values, inputTensors(config, batch), options)),
        lossScale(state),
      );
      const progress = { microbatch: step, step, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
      try {
        ({ params: live, state } = optimizer.update(grads, state, live, progress) as {
          params: Params;
          state: OptimizerState;
        });
      } catch (error) {
        disposeGradients(grads);
        throw error;
      }
      step++;
      const read = (await value.data())[0]!;
      value.dispose();
      return read;
    },
    async state() {
      const tensors = [
        ...(await hostTensors(live, "param/")),
        ...(await hostTensors(stateTensors(state), "optimizer/")),
      ];
      return { tensors, optimizer: stateLayout(state), step };
    },
    dispose() {
      disposeTensors(live);
      disposeState(state);
    },
  };
};
