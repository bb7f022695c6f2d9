import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { ReplacingKernel } from "../kernels.ts";
import { joinOpenTerm } from "./open-terms.ts";

const ours = new WeakSet<KernelFunc>();

/** A sum with a term that is still open is computed with that term; all others as before. */
const joining = (own: KernelFunc): KernelFunc => {
  if (ours.has(own)) return own;
  const sum: KernelFunc = (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    return joinOpenTerm(b, a) ?? joinOpenTerm(a, b) ?? own(call);
  };
  ours.add(sum);
  return sum;
};

/** tfjs's sum: the engine adds up gradients with it. */
export const sumWebgpu: readonly ReplacingKernel[] = [
  {
    kernelName: "Add",
    backendName: "webgpu",
    kernelFunc: () => {
      throw new Error(
        "Add: expected tfjs's WebGPU backend to bring it, got none; register these kernels once it is started",
      );
    },
    over: joining,
  },
];
