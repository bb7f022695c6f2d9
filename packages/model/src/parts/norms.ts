import type { NormName, PartFactory } from "../config.ts";
import type { Operations } from "../operations/operations.ts";

/** (x - mean) / sqrt(variance + epsilon) * weight + bias */
const layerNorm: PartFactory = ({ normEpsilon }, { width }) => ({
  parameters: {
    weight: { shape: [width], init: { type: "constant", value: 1 } },
    bias: { shape: [width], init: { type: "constant", value: 0 } },
  },
  run: (x, { ops, param }) => ops.layerNorm(x, param("weight"), param("bias"), normEpsilon),
  normOptions: ({ param }) => ({ kind: "layer", weight: param("weight"), bias: param("bias"), epsilon: normEpsilon }),
});

/** (x - mean) / sqrt(variance + epsilon) * weight */
const unbiasedLayerNorm: PartFactory = ({ normEpsilon }, { width }) => ({
  parameters: { weight: { shape: [width], init: { type: "constant", value: 1 } } },
  run: (x, { ops, param }) => ops.layerNorm(x, param("weight"), undefined, normEpsilon),
  normOptions: ({ param }) => ({ kind: "layer", weight: param("weight"), epsilon: normEpsilon }),
});

/** x / sqrt(mean(x^2) + epsilon) * learnable_scale */
const rmsNorm: PartFactory = ({ normEpsilon }, { width }) => ({
  parameters: { learnable_scale: { shape: [width], init: { type: "constant", value: 1 } } },
  run: (x, { ops, param }) => ops.rmsNorm(x, param("learnable_scale"), normEpsilon),
  normOptions: ({ param }) => ({ kind: "rms", weight: param("learnable_scale"), epsilon: normEpsilon }),
});

/** max(|x|, least) along the last axis. */
const lengths = <Value>(x: Value, ops: Operations<Value>, least: number): Value => {
  // The floor stands under the root: after it a row of zeros, such as padding, would have NaN for a gradient.
  const squares = ops.atLeast(ops.reduce(ops.apply(x, "square"), "sum", [-1], true), least ** 2);
  return ops.apply(squares, "sqrt");
};

/** x * learnable_scale / max(|x|, epsilon), one scale for all */
const scaleNorm: PartFactory = ({ normEpsilon }, { width }) => ({
  parameters: { learnable_scale: { shape: [1], init: { type: "constant", value: Math.sqrt(width) } } },
  run: (x, { ops, param }) => ops.mul(x, ops.div(param("learnable_scale"), lengths(x, ops, normEpsilon))),
});

/** x * learnable_scale / max(|x|, 1e-8), a scale for each value and no root of the width: rows of length 1 at first */
const rmsNormV1: PartFactory = (_, { width }) => ({
  parameters: { learnable_scale: { shape: [width], init: { type: "constant", value: 1 } } },
  run: (x, { ops, param }) => ops.mul(ops.div(x, lengths(x, ops, 1e-8)), param("learnable_scale")),
});

export const norms: Record<NormName, PartFactory> = {
  LayerNorm: layerNorm,
  "LayerNorm-unbiased": unbiasedLayerNorm,
  RMSNorm: rmsNorm,
  "RMSNorm-v1": rmsNormV1,
  ScaleNorm: scaleNorm,
};

export const makeNorm: PartFactory = (config, place) => {
  const factory = typeof config.norm === "function" ? config.norm : norms[config.norm];
  return factory(config, place);
};
