import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { plainHalf } from "../webgpu/half.ts";
import { type Host, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, groupIndex, programs } from "../webgpu/program.ts";
import { range } from "../webgpu/range.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

const adamwKey = (vectors: boolean, half?: boolean): string =>
  `adamw.${vectors ? "vec4" : "scalar"}${half ? ".half" : ""}`;

/** The skip of a step is decided here, by a scale of 0 or one that is not finite; the test is on bits, NaN may be assumed away. */
export const adamwProgram = /* @__PURE__ */ programs(adamwKey, (vectors, half) => ({
  enable: half ? ["f16"] : [],
  storage: {
    param: ["write", "T"],
    grad: ["read", "T"],
    mu: ["write", "T"],
    nu: ["write", "T"],
    gradScale: ["read", "f32"],
    ...(half ? { half: ["write", "vec4<f16>"] as const } : {}),
  },
  uniforms: {
    count: "u32",
    learningRate: "f32",
    b1: "f32",
    b2: "f32",
    epsilon: "f32",
    weightDecay: "f32",
    correction1: "f32",
    correction2: "f32",
  },
  size: 256,
  declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let scale = gradScale[0];
if (scale == 0.0 || (bitcast<u32>(scale) & 0x7f800000u) == 0x7f800000u) { return; }
let g = grad[i] * scale;
let m = uniforms.b1 * mu[i] + (1.0 - uniforms.b1) * g;
let v = uniforms.b2 * nu[i] + (1.0 - uniforms.b2) * g * g;
mu[i] = m;
nu[i] = v;
let p = param[i];
let step = m / uniforms.correction1 / (sqrt(v / uniforms.correction2) + uniforms.epsilon) + uniforms.weightDecay * p;
let next = p - uniforms.learningRate * step;
param[i] = next;${half ? "\nhalf[i] = vec4<f16>(next);" : ""}`,
}));

const accumulate: Elementwise = {
  key: "accumulate",
  storage: { sum: "write", grad: "read" },
  uniforms: { scale: "f32" },
  main: "sum[i] += uniforms.scale * grad[i];",
};

/** sum += scale * grad */
export const addScaled = (host: Host, sum: TensorInfo, grad: TensorInfo, scale: number): void =>
  elementwise(host, accumulate, [sum, grad], { scale });

/** Vectors whose squares a workgroup sums: 16 for each of its invocations, and groups enough for a large GPU. */
const squaresBlock = 4096;
/** Tensors of a dispatch: with the output, the eight bindings that every device has. */
const squaresTensors = 7;

const squaresKey = (tensors: number, vectors: boolean) =>
  `global-norm.squares.${vectors ? "vec4" : "scalar"}.${tensors}`;

/**
 * Sums of squares of several tensors, one sum a block, at `partial[first + block]`: most tensors of a model are too small for
 * a dispatch of their own.
 */
const squaresProgram = /* @__PURE__ */ programs(squaresKey, (tensors, vectors) => {
  const numbers = range(tensors);
  const numbered = <Value>(name: string, value: Value): Record<string, Value> =>
    Object.fromEntries(numbers.map((i) => [`${name}${i}`, value]));
  const blocks = (i: number) => `(uniforms.count${i} + ${squaresBlock - 1}u) / ${squaresBlock}u`;
  const sum = (i: number) => `if (index < end${i}) {
  let start = (index${i === 0 ? "" : ` - end${i - 1}`}) * ${squaresBlock}u;
  let end = min(start + ${squaresBlock}u, uniforms.count${i});
  for (var i = start + lane; i < end; i = i + 256u) { sum += ${vectors ? `dot(x${i}[i], x${i}[i])` : `x${i}[i] * x${i}[i]`}; }
}`;
  return {
    storage: { ...numbered("x", ["read", vectors ? "vec4<f32>" : "f32"] as const), partial: ["write", "f32"] },
    uniforms: { ...numbered("count", "u32" as const), first: "u32" },
    size: 256,
    declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}`,
    main: `
${groupIndex}
${numbers.map((i) => `let end${i} = ${i === 0 ? "" : `end${i - 1} + `}${blocks(i)};`).join("\n")}
if (index >= end${tensors - 1}) { return; }
var sum = 0.0;
${numbers.map(sum).join(" else ")}
let total = workgroupSum(lane, sum);
if (lane == 0u) { partial[uniforms.first + index] = total; }`,
  };
});

/** What {@link squaresProgram} takes of a tensor: vectors of it, or scalars where its length is no multiple of four. */
function squaresOf(host: Host, tensor: TensorInfo) {
  const size = sizeOf(tensor);
  const width = size % 4 === 0 ? 4 : 1;
  return partsOf(host, size / width, width * 4).map((part) => ({
    width,
    bound: partOf(tensor, size / width, width * 4, part),
    count: part.count,
    blocks: Math.ceil(part.count / squaresBlock),
  }));
}

/** One workgroup: y[0] = scale * the sum of x, or its square root. */
export const totalProgram = /* @__PURE__ */ programs(
  (root: boolean) => `total${root ? ".root" : ""}`,
  (root) => ({
    storage: { x: ["read", "f32"], y: ["write", "f32"] },
    uniforms: { count: "u32", scale: "f32" },
    size: 256,
    declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}`,
    main: `
var sum = 0.0;
for (var i = lane; i < uniforms.count; i = i + 256u) { sum += x[i]; }
let total = uniforms.scale * workgroupSum(lane, sum);
if (lane == 0u) { y[0] = ${root ? "sqrt(total)" : "total"}; }`,
  }),
);

export const optimizerWebgpu = [
  webgpuKernel("CramkitAdamW", (host, { param, grad, mu, nu, gradScale }, attrs) => {
    const size = sizeOf(param!);
    const width = size % 4 === 0 ? 4 : 1;
    // The f16 copy that matrix kernels read stays in step; one with padding is made anew when it is next needed.
    const copy = plainHalf(host, param!);
    for (const part of partsOf(host, size / width, width * 4)) {
      const half = copy ? [partOf(copy.half, size / width, width * 2, part)] : [];
      const bound = [param!, grad!, mu!, nu!].map((tensor) => partOf(tensor, size / width, width * 4, part));
      host.dispatch(
        adamwProgram(width === 4, copy !== undefined),
        [...bound, gradScale!, ...half],
        { ...(attrs as Record<string, number>), count: part.count },
        grid(Math.ceil(part.count / 256)),
      );
    }
    host.written(param!, copy ? [copy.key] : []);
    for (const tensor of [mu!, nu!]) host.written(tensor);
    return [];
  }),
  webgpuKernel("CramkitAccumulate", (host, { sum, grad }, { scale }) => {
    addScaled(host, sum!, grad!, scale as number);
    host.written(sum!);
    return [];
  }),
  webgpuKernel("CramkitGlobalNorm", (host, inputs) => {
    const all = Object.values(inputs).flatMap((tensor) => squaresOf(host, tensor));
    const blocksOf = (parts: typeof all) => parts.reduce((total, { blocks }) => total + blocks, 0);
    const count = blocksOf(all);
    const partial = output(host, [count]);
    let first = 0;
    for (const width of [4, 1]) {
      const alike = all.filter((part) => part.width === width);
      for (let start = 0; start < alike.length; start += squaresTensors) {
        const together = alike.slice(start, start + squaresTensors);
        host.dispatch(
          squaresProgram(together.length, width === 4),
          [...together.map(({ bound }) => bound), partial],
          { ...Object.fromEntries(together.map((part, i) => [`count${i}`, part.count])), first },
          grid(blocksOf(together)),
        );
        first += blocksOf(together);
      }
    }
    const norm = output(host, []);
    host.dispatch(totalProgram(true), [partial, norm], { count, scale: 1 }, [1, 1, 1]);
    release(host, partial);
    return norm;
  }),
];
