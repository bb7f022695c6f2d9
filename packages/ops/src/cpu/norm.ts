import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CpuCall, rowsPerTask, sizeOf } from "./runtime.ts";

/** How the rows of a norm's x are split into tasks. */
export const normForwardShape = ({ inputs }: CpuCall): { rows: number; n: number; perTask: number } => {
  const n = inputs.weight!.shape[0]!;
  return { rows: sizeOf(inputs.x!.shape) / n, n, perTask: rowsPerTask(n) };
};

interface NormGrad {
  /** The name of what was normed. */
  x: string;
  /** Addresses of the statistics of each row; a mean of 0 is an RMS norm. */
  mean: number;
  rstd: number;
  dx: TensorInfo;
  dweight: TensorInfo;
  dbias: TensorInfo | undefined;
  /**
   * Address of what is added to dx.
   *
   * @defaultValue 0, nothing
   */
  upstream?: number;
}

/** Gradients of layer norm or of RMS norm. Each task sums dweight and dbias over its rows. */
export const normGrad = (
  { inputs, runtime, run, at }: CpuCall,
  { x, mean, rstd, dx, dweight, dbias, upstream = 0 }: NormGrad,
): void => {
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(inputs[x]!.shape) / n;
  const perTask = Math.max(32, Math.ceil(rows / 64));
  const tasks = Math.ceil(rows / perTask);
  const bytes = tasks * n * 4;
  runtime.withScratch(2 * bytes, (partial) => {
    const addresses = [at("dy"), at(x), at("weight"), mean, rstd, runtime.address(dx), partial, partial + bytes];
    run("normGradTask", tasks, [...addresses, rows, n, perTask, upstream]);
    run("columnSumsTask", 1, [partial, runtime.address(dweight), tasks, n, tasks]);
    if (dbias) run("columnSumsTask", 1, [partial + bytes, runtime.address(dbias), tasks, n, tasks]);
  });
};
