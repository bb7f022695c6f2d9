import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type CpuCall, rowsPerTask, sizeOf } from "./runtime.ts";

/** How the rows of a norm's x are split into tasks. */
export const normForwardShape = ({ inputs }: CpuCall): { rows: number; n: number; perTask: number } => {
  const n = inputs.weight!.shape[0]!;
  return { rows: sizeOf(inputs.x!.shape) / n, n, perTask: rowsPerTask(n) };
};

/** Gradients of layer norm, or of RMS norm where `mean` is 0. Each task sums dweight and dbias over its rows. */
export const normGrad = (
  { inputs, runtime, run, at }: CpuCall,
  mean: number,
  dx: TensorInfo,
  dweight: TensorInfo,
  dbias: TensorInfo | undefined,
): void => {
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(inputs.x!.shape) / n;
  const perTask = Math.max(32, Math.ceil(rows / 64));
  const tasks = Math.ceil(rows / perTask);
  const bytes = tasks * n * 4;
  runtime.withScratch(2 * bytes, (partial) => {
    const addresses = [
      at("dy"),
      at("x"),
      at("weight"),
      mean,
      at("rstd"),
      runtime.address(dx),
      partial,
      partial + bytes,
    ];
    run("normGradTask", tasks, [...addresses, rows, n, perTask]);
    run("columnSumsTask", 1, [partial, runtime.address(dweight), tasks, n, tasks]);
    if (dbias) run("columnSumsTask", 1, [partial + bytes, runtime.address(dbias), tasks, n, tasks]);
  });
};
