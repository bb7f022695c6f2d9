import { type ColumnSum, columnSums } from "../webgpu/column-sum.ts";
import { lastAxisOf, output, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, groupIndex, type Program, program } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

/** Invocations that share a row. */
export const rowSize = (n: number): number => (n <= 128 ? 32 : n <= 512 ? 64 : n <= 2048 ? 128 : 256);

/** One workgroup a row: mean, then the variance around it, then y. */
const layerNormProgram = (size: number, bias: boolean): Program =>
  program({
    key: `layer-norm.${size}${bias ? ".bias" : ""}`,
    storage: {
      x: ["read", "f32"],
      weight: ["read", "f32"],
      ...(bias ? { bias: ["read", "f32"] as const } : {}),
      y: ["write", "f32"],
      mean: ["write", "f32"],
      rstd: ["write", "f32"],
    },
    uniforms: { rows: "u32", n: "u32", epsilon: "f32" },
    size,
    declare: `${reduceScratch(size)}\n${reduceFunction(size, "sum")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * uniforms.n;
var sum = 0.0;
for (var i = lane; i < uniforms.n; i = i + ${size}u) { sum += x[first + i]; }
let mu = workgroupSum(lane, sum) / f32(uniforms.n);
var squares = 0.0;
for (var i = lane; i < uniforms.n; i = i + ${size}u) {
  let d = x[first + i] - mu;
  squares += d * d;
}
let scale = inverseSqrt(workgroupSum(lane, squares) / f32(uniforms.n) + uniforms.epsilon);
for (var i = lane; i < uniforms.n; i = i + ${size}u) {
  y[first + i] = (x[first + i] - mu) * scale * weight[i]${bias ? " + bias[i]" : ""};
}
if (lane == 0u) {
  mean[index] = mu;
  rstd[index] = scale;
}`,
  });

/** dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy weight, xhat = (x - mean) rstd. One workgroup a row. */
const layerNormGradProgram = (size: number): Program =>
  program({
    key: `layer-norm.gradient.${size}`,
    storage: {
      dy: ["read", "f32"],
      x: ["read", "f32"],
      weight: ["read", "f32"],
      mean: ["read", "f32"],
      rstd: ["read", "f32"],
      dx: ["write", "f32"],
    },
    uniforms: { rows: "u32", n: "u32" },
    size,
    declare: `${reduceScratch(size, "vec2<f32>")}\n${reduceFunction(size, "sum", "vec2<f32>")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * uniforms.n;
let mu = mean[index];
let scale = rstd[index];
var sums = vec2<f32>();
for (var i = lane; i < uniforms.n; i = i + ${size}u) {
  let g = dy[first + i] * weight[i];
  sums += vec2<f32>(g, g * (x[first + i] - mu) * scale);
}
let means = workgroupSum(lane, sums) / f32(uniforms.n);
for (var i = lane; i < uniforms.n; i = i + ${size}u) {
  let g = dy[first + i] * weight[i];
  dx[first + i] = scale * (g - means.x - (x[first + i] - mu) * scale * means.y);
}`,
  });

const weightGradients: ColumnSum = {
  key: "layer-norm",
  rowTensors: { dy: "matrix", x: "matrix", mean: "column", rstd: "column" },
  terms: ["dy[at] * (x[at] - mean[row]) * rstd[row]", "dy[at]"],
};

export const layerNormWebgpu = [
  webgpuKernel("CramkitLayerNorm", (host, { x, weight, bias }, { epsilon }) => {
    const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
    const [y, mean, rstd] = [output(host, x!.shape), output(host, [rows]), output(host, [rows])];
    for (const part of partsOf(host, rows, n * 4)) {
      host.dispatch(
        layerNormProgram(rowSize(n), bias !== undefined),
        [
          partOf(x!, rows, n * 4, part),
          weight!,
          ...(bias ? [bias] : []),
          partOf(y, rows, n * 4, part),
          partOf(mean, rows, 4, part),
          partOf(rstd, rows, 4, part),
        ],
        { rows: part.count, n, epsilon: epsilon as number },
        grid(part.count),
      );
    }
    return [y, mean, rstd];
  }),
  webgpuKernel("CramkitLayerNormGrad", (host, { dy, x, weight, mean, rstd }) => {
    const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
    const dx = output(host, x!.shape);
    for (const part of partsOf(host, rows, n * 4)) {
      const [dyPart, xPart, dxPart] = [dy!, x!, dx].map((tensor) => partOf(tensor, rows, n * 4, part));
      const [meanPart, rstdPart] = [mean!, rstd!].map((tensor) => partOf(tensor, rows, 4, part));
      host.dispatch(
        layerNormGradProgram(rowSize(n)),
        [dyPart!, xPart!, weight!, meanPart!, rstdPart!, dxPart!],
        { rows: part.count, n },
        grid(part.count),
      );
    }
    return [dx, ...columnSums(host, weightGradients, [dy!, x!, mean!, rstd!], rows, n)];
  }),
];
