import { customGrad, engine, type Tensor } from "@tensorflow/tfjs-core";

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

/** tfjs's engine runs functions of several outputs; its customGrad, which calls this, has one alone. */
interface ManyOutputs {
  runKernelFunc(call: {
    inputs: Record<string, Tensor>;
    forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor[];
    backwardsFunc: (dys: Tensor[], saved: Tensor[]) => Record<string, () => Tensor>;
  }): Tensor[];
}

/**
 * The same for an op with at least two outputs, each of which something must read: `gradient` gets one upstream gradient an
 * output, which tfjs fills with zeros for one that is not read.
 */
export const differentiableMany = (
  inputs: Tensor[],
  forward: (save: (...tensors: Tensor[]) => void) => Tensor[],
  gradient: (dys: Tensor[], saved: Tensor[]) => Tensor[],
): Tensor[] =>
  (engine() as unknown as ManyOutputs).runKernelFunc({
    inputs: Object.fromEntries(inputs.map((input, i) => [`x${i}`, input])),
    forwardFunc: (_, save) => forward((...tensors) => save(tensors)),
    backwardsFunc: (dys, saved) =>
      Object.fromEntries(gradient(dys, saved).map((dx, i) => [`x${i}`, () => dx] as const)),
  });
