import { engine, getBackend, getKernel, type NamedAttrMap, type Tensor } from "@tensorflow/tfjs-core";

type Inputs = Record<string, Tensor | undefined>;
type Attrs = Record<string, number | string | boolean>;

/** Whether the current backend brings `kernelName`. */
export const hasKernel = (kernelName: string): boolean => getKernel(kernelName, getBackend()) !== undefined;

/** Runs `kernelName` on the current backend. Absent inputs are left out. */
export const runKernel = (kernelName: string, inputs: Inputs, attrs: Attrs = {}): Tensor | Tensor[] => {
  const present: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(inputs)) if (tensor) present[name] = tensor;
  return engine().runKernel(kernelName, present, attrs as NamedAttrMap);
};

/** Runs `kernelName` if the current backend has it, the portable `reference` everywhere else. */
export const fused = (kernelName: string, inputs: Inputs, attrs: Attrs, reference: () => Tensor): Tensor =>
  hasKernel(kernelName) ? (runKernel(kernelName, inputs, attrs) as Tensor) : reference();

/** The same for kernels with several outputs. */
export const fusedMany = <T extends Tensor[]>(
  kernelName: string,
  inputs: Inputs,
  attrs: Attrs,
  reference: () => [...T],
): [...T] => (hasKernel(kernelName) ? (runKernel(kernelName, inputs, attrs) as [...T]) : reference());
