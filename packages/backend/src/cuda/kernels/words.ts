import { fault } from "@cramkit/errors";
import type { KernelConfig, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { CudaBackend } from "../backend.ts";
import type { LaunchOptions } from "../launcher.ts";

/** The name under which tfjs knows the backend. */
export const cudaBackendName = "cramkit-cuda";

/** Axes that a kernel walks at most, after neighbours were taken together: MAX_AXES of elementwise.h. */
const maxAxes = 6;
const threads = 256;

/** A call of a kernel of tfjs-core's. */
export interface Call {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, unknown>;
  backend: CudaBackend;
}

/** A kernel of tfjs-core's under its name, for our backend. */
export const config = (kernelName: string, run: (call: Call) => TensorInfo | TensorInfo[]): KernelConfig => ({
  kernelName,
  backendName: cudaBackendName,
  kernelFunc: ({ inputs, attrs, backend }) =>
    run({ inputs: inputs as Call["inputs"], attrs: (attrs ?? {}) as NamedAttrMap, backend: backend as CudaBackend }),
});

/** One thread an element, in a line. */
export const line = (n: number): LaunchOptions => ({ grid: [Math.ceil(n / threads)], block: threads });

/** One warp a row, four rows a block. */
export const warps = (rows: number): LaunchOptions => ({ grid: [Math.ceil(rows / 4)], block: 128 });

/** Lists of at most `maxAxes` numbers one after the other, each filled up with zeros: what the kernels' structs are. */
export const structOf = (place: string, before: number[], lists: number[][], after: number[] = []): Int32Array => {
  const longest = Math.max(...lists.map(({ length }) => length));
  if (longest > maxAxes)
    throw fault({
      code: "unsupported",
      place: `cuda ${place}`,
      problem: `expected at most ${maxAxes} axes that cannot be taken together, got ${longest}`,
      remedy: "use tf.reshape, or the cpu backend",
      type: RangeError,
    });
  const filled = lists.map((list) => [...list, ...Array<number>(maxAxes - list.length).fill(0)]);
  return Int32Array.from([...before, ...filled.flat(), ...after]);
};

/** Axes counted from the front, in rising order; all of them if none is named. */
export const axesOf = (axis: unknown, rank: number): number[] =>
  (axis === undefined || axis === null ? Array.from({ length: rank }, (_, i) => i) : [axis as number | number[]].flat())
    .map((i) => (i < 0 ? i + rank : i))
    .sort((a, b) => a - b);

export const refused = (op: string, expected: string, got: string): Error =>
  fault({
    code: "unsupported",
    place: `cuda ${op}`,
    problem: `expected ${expected}, got ${got}`,
    remedy: "use tf.cast",
    type: TypeError,
  });
