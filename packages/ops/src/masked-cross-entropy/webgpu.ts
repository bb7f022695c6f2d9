import type { TensorInfo } from "@tensorflow/tfjs-core";
import { gatherRows } from "../embedding/webgpu.ts";
import { scatterRows } from "../embedding/webgpu-scatter.ts";
import { addScaled, totalProgram } from "../optimizer/webgpu.ts";
import { columnSum } from "../webgpu/column-sum.ts";
import { gemm } from "../webgpu/gemm/gemm.ts";
import { halfResult, type Result } from "../webgpu/half.ts";
import { type Host, type Inputs, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, groupIndex, type Program, program, programs } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

/**
 * One workgroup a row of logits: losses = log sum exp(row) - row[target], and for the gradient softmax(row) - onehot(target),
 * not yet divided by the number of rows: over the logits, or beside them as f16 if matrices multiply it. Each invocation
 * carries a maximum and a sum relative to it, so the first pass reads a row once.
 */
export const softmaxLossProgram = /* @__PURE__ */ programs(
  (gradient: "none" | "in place" | "half", vectors: boolean) =>
    `masked-cross-entropy.softmax.${vectors ? "vec4<f32>" : "f32"}${gradient === "none" ? "" : `.${gradient.replace(" ", "-")}`}`,
  (gradient, vectors) => {
    const type = vectors ? "vec4<f32>" : "f32";
    const [width, total, top, hit] = vectors
      ? [
          4,
          "dot(e, T(1.0))",
          "max(max(x.x, x.y), max(x.z, x.w))",
          "vec4<u32>(4u * i, 4u * i + 1u, 4u * i + 2u, 4u * i + 3u) == vec4<u32>(target_)",
        ]
      : [1, "e", "x", "i == target_"];
    return {
      enable: gradient === "half" ? ["f16"] : [],
      storage: {
        logits: [gradient === "in place" ? "write" : "read", "T"],
        targets: ["read", "i32"],
        losses: ["write", "f32"],
        ...(gradient === "half" ? { half: ["write", vectors ? "vec4<f16>" : "f16"] as const } : {}),
      },
      uniforms: { rows: "u32", vocab: "u32", first: "u32" },
      size: 256,
      declare: `alias T = ${type};\n${reduceScratch(256)}\n${reduceFunction(256, "sum")}\n${reduceFunction(256, "max")}`,
      main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let vectors = uniforms.vocab / ${width}u;
let at = index * vectors;
let target_ = u32(targets[uniforms.first + index]);
var own = -3.0e38;
var sum = 0.0;
var picked = 0.0;
for (var i = lane; i < vectors; i = i + 256u) {
  let x = logits[at + i];
  let next = max(own, ${top});
  let e = exp(x - next);
  sum = sum * exp(own - next) + ${total};
  own = next;
}
let top = workgroupMax(lane, own);
let lse = top + log(workgroupSum(lane, sum * exp(own - top)));
if (lane == 0u) {
  if (target_ < uniforms.vocab) { picked = logits[at + target_ / ${width}u]${vectors ? "[target_ % 4u]" : ""}; }
  losses[uniforms.first + index] = lse - picked;
}
${
  gradient === "none"
    ? ""
    : `storageBarrier();
workgroupBarrier();
for (var i = lane; i < vectors; i = i + 256u) {
  let d = exp(logits[at + i] - lse) - select(T(0.0), T(1.0), ${hit});
  ${gradient === "half" ? `half[at + i] = ${vectors ? "vec4<f16>" : "f16"}(d);` : "logits[at + i] = d;"}
}`
}`,
    };
  },
);

/** Bytes of logits that exist at a time: a chunk more reads and writes the gradient of the whole table once more. */
const logitBytes = 256 * 1024 * 1024;

/** Rows of a chunk: a multiple of 64, so that parts of the row-wise tensors can be bound. */
export const chunkRows = (asked: number, count: number, vocab: number, maxBinding: number): number => {
  const rows = asked || Math.max(64, Math.floor(Math.min(logitBytes, maxBinding) / (vocab * 4)));
  return Math.min(Math.ceil(rows / 64) * 64, Math.max(count, 1));
};

interface Gradients {
  rows: TensorInfo;
  weight: TensorInfo;
  bias: TensorInfo | undefined;
}

/** Mean loss; fills `gradients` along the way if they are given. */
const run = (host: Host, inputs: Inputs, asked: number, gradients?: Gradients): TensorInfo => {
  const { hidden, weight, bias, positions, targets } = inputs;
  const [vocab, n] = weight!.shape as [number, number];
  const count = sizeOf(positions!);
  const losses = output(host, [count]);
  const step = chunkRows(asked, count, vocab, host.capabilities.limits.maxStorageBufferBindingSize);
  for (let first = 0; first < count; first += step) {
    const part = { first, count: Math.min(step, count - first) };
    const rows = part.count;
    const selected = halfResult(host, [rows, n]);
    gatherRows(host, partOf(positions!, count, 4, part), hidden!, selected, rows);
    const x = selected.tensor;
    const logits = output(host, [rows, vocab]);
    gemm(host, { form: "nt", a: x, b: weight!, c: logits, m: rows, n: vocab, k: n, biasTensor: bias });
    const dlogits = gradients && softmaxResult(host, logits);
    const gradient = dlogits ? (dlogits.half ? "half" : "in place") : "none";
    host.dispatch(
      softmaxLossProgram(gradient, vocab % 4 === 0),
      [logits, targets!, losses, ...(dlogits?.half ? [dlogits.written] : [])],
      { rows, vocab, first },
      grid(rows),
    );
    if (gradients && dlogits) {
      const [alpha, accumulate] = [1 / count, first > 0];
      const a = dlogits.tensor;
      const dx = partOf(gradients.rows, count, n * 4, part);
      gemm(host, { form: "nn", a, b: weight!, c: dx, m: rows, n, k: vocab, alpha });
      gemm(host, { form: "tn", a, b: x, c: gradients.weight, m: vocab, n, k: rows, alpha, accumulate });
      if (gradients.bias) addBias(host, gradients.bias, a, rows, vocab, alpha, accumulate);
      if (dlogits.half) release(host, a);
    }
    release(host, logits, x);
  }
  const loss = output(host, []);
  host.dispatch(totalProgram(false), [losses, loss], { count, scale: 1 / count }, [1, 1, 1]);
  release(host, losses);
  return loss;
};

/** Where the gradient of logits goes: over them, or into an f16 tensor for the matrices. */
const softmaxResult = (host: Host, logits: TensorInfo): Result => {
  const inPlace = { tensor: logits, written: logits, half: false };
  if (host.capabilities.tier !== "matrix") return inPlace;
  const result = halfResult(host, logits.shape);
  if (result.half) return result;
  release(host, result.tensor);
  return inPlace;
};

const addBias = (
  host: Host,
  bias: TensorInfo,
  dlogits: TensorInfo,
  rows: number,
  vocab: number,
  alpha: number,
  add: boolean,
): void => {
  const sums = columnSum(host, dlogits, rows, vocab);
  if (add) addScaled(host, [{ sum: bias, grad: sums }], alpha);
  else host.dispatch(scaleProgram, [sums, bias], { count: vocab, scale: alpha }, grid(Math.ceil(vocab / 256)));
  release(host, sums);
};

const scaleProgram: Program = program({
  key: "scale",
  storage: { x: ["read", "f32"], y: ["write", "f32"] },
  uniforms: { count: "u32", scale: "f32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { y[i] = uniforms.scale * x[i]; }`,
});

const scaledProgram = /* @__PURE__ */ programs(
  (vectors: boolean) => `scale.by-tensor.${vectors ? "vec4" : "scalar"}`,
  (vectors) => ({
    storage: { x: ["read", "T"], factor: ["read", "f32"], y: ["write", "T"] },
    uniforms: { count: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { y[i] = factor[0] * x[i]; }`,
  }),
);

/** `factor` times `x`; if the host knows that it is 1, as where a loss is differentiated by itself, that is `x`. */
const scaled = (host: Host, x: TensorInfo, factor: TensorInfo): TensorInfo => {
  if (host.hostValues(factor)?.[0] === 1) {
    host.incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  }
  const y = output(host, x.shape);
  const width = sizeOf(x) % 4 === 0 ? 4 : 1;
  const size = sizeOf(x) / width;
  for (const part of partsOf(host, size, 4 * width))
    host.dispatch(
      scaledProgram(width === 4),
      [partOf(x, size, 4 * width, part), factor, partOf(y, size, 4 * width, part)],
      { count: part.count },
      grid(Math.ceil(part.count / 256)),
    );
  return y;
};

export const maskedCrossEntropyWebgpu = [
  webgpuKernel("CramkitScale", (host, { x, factor }) => scaled(host, x!, factor!)),
  webgpuKernel("CramkitMaskedCrossEntropy", (host, inputs, attrs) => run(host, inputs, attrs.chunkRows as number)),
  webgpuKernel("CramkitMaskedCrossEntropyGrad", (host, inputs, attrs) => {
    const { hidden, weight, positions } = inputs;
    const [vocab, n] = weight!.shape as [number, number];
    const gradients: Gradients = {
      rows: output(host, [sizeOf(positions!), n]),
      weight: output(host, [vocab, n]),
      bias: inputs.bias && output(host, [vocab]),
    };
    const loss = run(host, inputs, attrs.chunkRows as number, gradients);
    const dhidden = output(host, [hidden!.shape[0]!, n]);
    scatterRows(host, gradients.rows, positions!, dhidden);
    release(host, gradients.rows);
    return [loss, dhidden, gradients.weight, ...(gradients.bias ? [gradients.bias] : [])];
  }),
];
