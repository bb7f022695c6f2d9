import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../shape.ts";
import type { CudaBackend } from "../backend.ts";
import { compiled } from "../compiled.generated.ts";
import { binary, suffixFor } from "./elementwise.ts";
import { type Call, config, refused } from "./words.ts";

/**
 * a + b. As gradients of one tensor are added up, it may be that one of them has not been computed yet and can be added while it is, or that
 * both are halves.
 */
const sum = ({ inputs, backend }: Call): TensorInfo => {
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  if (a.dtype !== b.dtype) throw refused("Add", "two operands of one type", `${a.dtype} and ${b.dtype}`);
  const isPlain = a.dtype === "float32" && `${a.shape}` === `${b.shape}`;
  const joined = isPlain
    ? (backend.deferredSum(b, a) ?? backend.deferredSum(a, b) ?? ofHalves(backend, a, b))
    : undefined;
  return joined ?? binary(backend, "Add", suffixFor("Add", new Set(["f", "i"]), a.dtype), a, b);
};

const ofHalves = (backend: CudaBackend, a: TensorInfo, b: TensorInfo): TensorInfo | undefined => {
  const [left, right] = [backend.form(a), backend.form(b)];
  if (!left.half || !right.half) return undefined;
  const y = backend.halfOutput(a.shape);
  const n = sizeOf(a.shape);
  backend.launch(compiled, "add_halves", { grid: [Math.ceil(n / 1024)] }, [
    left.pointer,
    right.pointer,
    backend.half(y),
    n,
  ]);
  return y;
};

/** Sums of two tensors. */
export const sumKernels = (): KernelConfig[] => [config("Add", sum)];
