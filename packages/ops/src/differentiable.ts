import { customGrad, type Tensor } from "@tensorflow/tfjs-core";

/**
 * An op with a gradient of its own. `forward` computes the value and hands `save` what the gradient needs; `gradient`
 * gets the upstream gradient and the saved tensors, and returns one gradient per entry of `inputs`.
 */
export const differentiable = (
  inputs: Tensor[],
  forward: (save: (...tensors: Tensor[]) => void) => Tensor,
  gradient: (dy: Tensor, saved: Tensor[]) => Tensor[],
): Tensor =>
  customGrad((...args) => {
    const save = args[inputs.length] as unknown as (tensors: Tensor[]) => void;
    return { value: forward((...tensors) => save(tensors)), gradFunc: gradient };
  })(...inputs);
