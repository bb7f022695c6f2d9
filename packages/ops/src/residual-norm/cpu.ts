import type { TensorInfo } from "@tensorflow/tfjs-core";
import { normGrad } from "../cpu/norm.ts";
import { type CpuCall, cpuKernel, rowsPerTask, sizeOf } from "../cpu/runtime.ts";
import { dropoutThreshold } from "../dropout-mask.ts";

/** to = dropout(from), both addresses of so many elements. */
const drop = ({ attrs, run }: CpuCall, from: number, to: number, size: number): void => {
  const { rate, key0, key1 } = attrs as { rate: number; key0: number; key1: number };
  run("dropoutTask", Math.ceil(size / 16384), [from, to, size, key0, key1, dropoutThreshold(rate)], [1 / (1 - rate)]);
};
const isLayer = ({ attrs }: CpuCall): boolean => (attrs as unknown as { kind: string }).kind === "layer";

const residualNorm = /* @__PURE__ */ cpuKernel("CramkitResidualNorm", (call) => {
  const { inputs, attrs, runtime, run, at } = call;
  const { shape } = inputs.x!;
  const n = inputs.weight!.shape[0]!;
  const rows = sizeOf(shape) / n;
  const perTask = rowsPerTask(n);
  const outputs = [runtime.output(shape), runtime.output(shape), runtime.output([2, rows])];
  const [sum, y, stats] = outputs.map((output) => runtime.address(output));
  let branch = at("branch");
  // What is left of the branch waits where its sum with x will be.
  if (attrs.rate! > 0) {
    drop(call, branch, sum!, rows * n);
    branch = sum!;
  }
  const addresses = [at("x"), branch, at("weight"), at("bias"), sum!, y!, stats!];
  const numbers = [rows, n, perTask, isLayer(call) ? 1 : 0];
  run("residualNormTask", Math.ceil(rows / perTask), [...addresses, ...numbers], [attrs.epsilon!]);
  return outputs;
});

const residualNormGrad = /* @__PURE__ */ cpuKernel("CramkitResidualNormGrad", (call) => {
  const { inputs, attrs, runtime, at } = call;
  const { shape } = inputs.sum!;
  const n = inputs.weight!.shape[0]!;
  const size = sizeOf(shape);
  const layer = isLayer(call);
  const [dx, dweight] = [runtime.output(shape), runtime.output([n])];
  const dbias = layer ? runtime.output([n]) : undefined;
  const [mean, rstd] = [at("stats"), at("stats") + (size / n) * 4];
  normGrad(call, { x: "sum", mean: layer ? mean : 0, rstd, dx, dweight, dbias, upstream: at("dsum") });
  const results: TensorInfo[] = [dx, dweight, ...(dbias ? [dbias] : [])];
  if (attrs.rate === 0) return results;
  const dbranch = runtime.output(shape);
  drop(call, runtime.address(dx), runtime.address(dbranch), size);
  return [...results, dbranch];
});

export const residualNormCpu = [residualNorm, residualNormGrad];
