import { add, mul, tidy } from "@tensorflow/tfjs-core";
import { disposeTensors, type NamedTensors } from "../tensors/named-tensors.ts";

/** Where the scores of a regression lie: a head learns `(score - mean) / deviation`. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

export const noScale: Scale = { mean: 0, deviation: 1 };

export const scaleOf = (scores: readonly number[]): Scale => {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
};

/** The weights of a head that says scores as they are written: the scale goes into its last layer. Consumes the weights. */
export const withScale = (params: NamedTensors, { mean, deviation }: Scale): NamedTensors => {
  if (mean === 0 && deviation === 1) return params;
  const { "head.weight": weight, "head.bias": bias } = params;
  const scaled = {
    "head.weight": mul(weight!, deviation),
    "head.bias": tidy(() => add(mul(bias!, deviation), mean)),
  };
  disposeTensors({ weight: weight!, bias: bias! });
  return { ...params, ...scaled };
};
