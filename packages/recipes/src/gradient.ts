import { type ModelConfig, maskedLanguageModelLoss } from "@cramkit/model";
import type { MaskedBatch } from "@cramkit/packer";
import type { GradFn, Progress } from "@cramkit/trainer";
import { type Scalar, type Tensor, valueAndGrads } from "@tensorflow/tfjs-core";
import type { NamedTensors } from "./named-tensors.ts";

/** Value and gradients of a scalar function of named tensors. Borrows the tensors. */
export const valueAndNamedGrads = (
  params: NamedTensors,
  loss: (params: Record<string, Tensor>) => Tensor,
): { value: Scalar; grads: Record<string, Tensor> } => {
  const names = Object.keys(params);
  const named = (tensors: Tensor[]) => Object.fromEntries(names.map((name, index) => [name, tensors[index]!]));
  const differentiated = valueAndGrads((...tensors: Tensor[]) => loss(named(tensors)) as Scalar);
  const { value, grads } = differentiated(names.map((name) => params[name]!));
  return { value: value as Scalar, grads: named(grads) };
};

/** Loss and gradients of a masked language model; `dropoutSeed` says with which dropout, if any. */
export const maskedLanguageModelGradient =
  (config: ModelConfig, dropoutSeed?: (progress: Progress) => number): GradFn<NamedTensors, MaskedBatch> =>
  (params, batch, progress) => {
    const options = dropoutSeed ? { dropout: { seed: dropoutSeed(progress) } } : {};
    const { value, grads } = valueAndNamedGrads(params, (live) =>
      maskedLanguageModelLoss(live, config, batch, options),
    );
    return { loss: value, grads };
  };
