import type { ModelConfig } from "@cramkit/model";
import {
  adamw,
  clip,
  type Group,
  groups,
  lossScaling,
  type Optimizer,
  type OptimizerKernels,
  type Updated,
} from "@cramkit/optim";

export interface LayeredOptions {
  /** Of the head, at this step. */
  readonly learningRate: () => number;
  readonly weightDecay: number;
  /** Factor of the rate from each layer to the one below it; 1: all learn at the same rate. */
  readonly layerDecay: number;
  /** Gradients are scaled down to it, all together. */
  readonly clipNorm: number;
  /** For mixed precision. */
  readonly lossScaling: boolean;
  readonly kernels: OptimizerKernels | undefined;
}

/**
 * AdamW whose learning rate falls from the head down to the embedding, by `layerDecay` a layer (Howard and Ruder 2018, as
 * ELECTRA does), under a clipped norm and, for mixed precision, a scaled loss.
 */
export const layeredAdamw = (config: ModelConfig, options: LayeredOptions): Optimizer<Updated> => {
  const { learningRate, weightDecay, layerDecay, clipNorm, kernels } = options;
  const { layers } = config;
  const at = (depth: number): Optimizer<Updated> =>
    adamw({ learningRate: () => learningRate() * layerDecay ** depth, weightDecay, b1: 0.9, b2: 0.98, kernels });
  const layer = (index: number): Group<Updated> => ({
    params: (name) => name.startsWith(`encoder.layers.${index}.`),
    optimizer: at(layers - index),
  });
  const hasLayers = layerDecay !== 1 && config.sharedLayers === 0;
  const inner: Optimizer<Updated> = hasLayers
    ? groups([
        ...Array.from({ length: layers }, (_, index) => layer(index)),
        { params: (name) => name.startsWith("encoder."), optimizer: at(layers + 1) },
        { optimizer: at(0) },
      ])
    : at(0);
  const clipped = clip(inner, { maxNorm: clipNorm, kernels });
  return options.lossScaling ? lossScaling(clipped, { kernels }) : clipped;
};
