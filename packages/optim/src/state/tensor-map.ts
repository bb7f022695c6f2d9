import { engine, mul, Tensor, tidy, zerosLike } from "@tensorflow/tfjs-core";
import type { Gradients, MeasuredGradients, TensorMap } from "../contracts.ts";

/** One tensor for each one in `map`; what `fn` makes on the way is disposed of. */
export const mapTensors = (map: TensorMap, fn: (tensor: Tensor, name: string) => Tensor): TensorMap =>
  Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, tidy(() => fn(tensor, name))]));

export const disposeMap = (map: TensorMap): void => {
  for (const tensor of Object.values(map)) tensor.dispose();
};

export const zerosOf = (params: TensorMap): TensorMap => mapTensors(params, (param) => zerosLike(param));

/** A tensor with data of its own, while `clone` would share them. */
export const copy = (tensor: Tensor): Tensor => tidy(() => mul(tensor, 1));

/** Makes sure that nobody else sees a tensor change that we own: consumes it, returns it or a copy. */
const unshared = (tensor: Tensor): Tensor => {
  if (engine().backend.refCount(tensor.dataId) <= 1) return tensor;
  const own = copy(tensor);
  tensor.dispose();
  return own;
};

export const unsharedMap = (map: TensorMap): TensorMap =>
  Object.fromEntries(Object.entries(map).map(([name, tensor]) => [name, unshared(tensor)]));

/** A parameter may be called `grads`, too: then there is a tensor under the name. */
const isMeasured = (gradients: Gradients): gradients is MeasuredGradients =>
  gradients.grads !== undefined && !(gradients.grads instanceof Tensor);

/** The two forms of gradients as one. */
export const asMeasured = (gradients: Gradients): MeasuredGradients =>
  isMeasured(gradients) ? gradients : { grads: gradients };

/** Disposes of gradients that nobody wants. */
export const disposeGradients = (gradients: Gradients): void => disposeMap(asMeasured(gradients).grads);

/** For each parameter what `fn` makes, gathered into one map for each of its keys. */
export const mapEach = <K extends string>(
  params: TensorMap,
  fn: (name: string, param: Tensor) => Record<K, Tensor>,
): Record<K, TensorMap> => {
  const maps: Record<string, Record<string, Tensor>> = {};
  for (const [name, param] of Object.entries(params)) {
    for (const [key, tensor] of Object.entries<Tensor>(tidy(() => fn(name, param)))) {
      maps[key] ??= {};
      maps[key][name] = tensor;
    }
  }
  return maps as Record<K, TensorMap>;
};
