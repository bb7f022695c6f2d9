import { rowSize } from "../layer-norm/webgpu.ts";
import { type ColumnSum, columnSums } from "../webgpu/column-sum.ts";
import { lastAxisOf, output, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, groupIndex, type Program, program } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

/** One workgroup a row. */
const rmsNormProgram = (size: number): Program =>
  program({
    key: `rms-norm.${size}`,
    storage: { x: ["read", "f32"], weight: ["read", "f32"], y: ["write", "f32"], rstd: ["write", "f32"] },
    uniforms: { rows: "u32", n: "u32", epsilon: "f32" },
    size,
    declare: `${reduceScratch(size)}\n${reduceFunction(size, "sum")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * uniforms.n;
var squares = 0.0;
for (var i = lane; i < uniforms.n; i = i + ${size}u) { squares += x[first + i] * x[first + i]; }
let scale = inverseSqrt(workgroupSum(lane, squares) / f32(uniforms.n) + uniforms.epsilon);
for (var i = lane; i < uniforms.n; i = i + ${size}u) { y[first + i] = x[first + i] * scale * weight[i]; }
if (lane == 0u) { rstd[index] = scale; }`,
  });

/** dx = rstd (g - xhat mean(g xhat)), g = dy weight, xhat = x rstd. */
const rmsNormGradProgram = (size: number): Program =>
  program({
    key: `rms-norm.gradient.${size}`,
    storage: {
      dy: ["read", "f32"],
      x: ["read", "f32"],
      weight: ["read", "f32"],
      rstd: ["read", "f32"],
      dx: ["write", "f32"],
    },
    uniforms: { rows: "u32", n: "u32" },
    size,
    declare: `${reduceScratch(size)}\n${reduceFunction(size, "sum")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * uniforms.n;
let scale = rstd[index];
var sum = 0.0;
for (var i = lane; i < uniforms.n; i = i + ${size}u) { sum += dy[first + i] * weight[i] * x[first + i] * scale; }
let mean = workgroupSum(lane, sum) / f32(uniforms.n);
for (var i = lane; i < uniforms.n; i = i + ${size}u) {
  dx[first + i] = scale * (dy[first + i] * weight[i] - x[first + i] * scale * mean);
}`,
  });

const weightGradient: ColumnSum = {
  key: "rms-norm",
  rowTensors: { dy: "matrix", x: "matrix", rstd: "column" },
  terms: ["dy[at] * x[at] * rstd[row]"],
};

export const rmsNormWebgpu = [
  webgpuKernel("CramkitRmsNorm", (host, { x, weight }, { epsilon }) => {
    const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
    const [y, rstd] = [output(host, x!.shape), output(host, [rows])];
    for (const part of partsOf(host, rows, n * 4)) {
      const [xPart, yPart] = [x!, y].map((tensor) => partOf(tensor, rows, n * 4, part));
      host.dispatch(
        rmsNormProgram(rowSize(n)),
        [xPart!, weight!, yPart!, partOf(rstd, rows, 4, part)],
        { rows: part.count, n, epsilon: epsilon as number },
        grid(part.count),
      );
    }
    return [y, rstd];
  }),
  webgpuKernel("CramkitRmsNormGrad", (host, { dy, x, weight, rstd }) => {
    const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
    const dx = output(host, x!.shape);
    for (const part of partsOf(host, rows, n * 4)) {
      const [dyPart, xPart, dxPart] = [dy!, x!, dx].map((tensor) => partOf(tensor, rows, n * 4, part));
      host.dispatch(
        rmsNormGradProgram(rowSize(n)),
        [dyPart!, xPart!, weight!, partOf(rstd!, rows, 4, part), dxPart!],
        { rows: part.count, n },
        grid(part.count),
      );
    }
    return [dx, ...columnSums(host, weightGradient, [dy!, x!, rstd!], rows, n)];
  }),
];
