import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Elementwise, elementwise } from "../webgpu/elementwise.ts";
import { plainHalf } from "../webgpu/half.ts";
import { type Host, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, type Program, program } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";

/** The skip of a step is decided here, by a scale of 0 or one that is not finite; the test is on bits, NaN may be assumed away. */
export const adamwProgram = (vectors: boolean, half = false): Program =>
  program({
    key: `adamw.${vectors ? "vec4" : "scalar"}${half ? ".half" : ""}`,
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
  });

const accumulate: Elementwise = {
  key: "accumulate",
  storage: { sum: "write", grad: "read" },
  uniforms: { scale: "f32" },
  main: "sum[i] += uniforms.scale * grad[i];",
};

/** sum += scale * grad */
export const addScaled = (host: Host, sum: TensorInfo, grad: TensorInfo, scale: number): void =>
  elementwise(host, accumulate, [sum, grad], { scale });

const squareGroups = 64;

/** Sums of squares, one a workgroup, at `partial[first + group.x]`. */
const squaresProgram = (): Program =>
  program({
    key: "global-norm.squares",
    storage: { x: ["read", "f32"], partial: ["write", "f32"] },
    uniforms: { count: "u32", first: "u32" },
    size: 256,
    declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}`,
    main: `
var sum = 0.0;
for (var i = group.x * 256u + lane; i < uniforms.count; i = i + groups.x * 256u) { sum += x[i] * x[i]; }
let total = workgroupSum(lane, sum);
if (lane == 0u) { partial[uniforms.first + group.x] = total; }`,
  });

/** One workgroup: y[0] = scale * the sum of x, or its square root. */
export const totalProgram = (root: boolean): Program =>
  program({
    key: `total${root ? ".root" : ""}`,
    storage: { x: ["read", "f32"], y: ["write", "f32"] },
    uniforms: { count: "u32", scale: "f32" },
    size: 256,
    declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}`,
    main: `
var sum = 0.0;
for (var i = lane; i < uniforms.count; i = i + 256u) { sum += x[i]; }
let total = uniforms.scale * workgroupSum(lane, sum);
if (lane == 0u) { y[0] = ${root ? "sqrt(total)" : "total"}; }`,
  });

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
    const tensors = Object.values(inputs);
    const parts = tensors.flatMap((tensor) =>
      partsOf(host, sizeOf(tensor), 4).map((part) => ({
        tensor,
        part,
        groups: Math.min(squareGroups, Math.ceil(part.count / 1024)),
      })),
    );
    const count = parts.reduce((total, { groups }) => total + groups, 0);
    const partial = output(host, [count]);
    let first = 0;
    for (const { tensor, part, groups } of parts) {
      const bound = partOf(tensor, sizeOf(tensor), 4, part);
      host.dispatch(squaresProgram(), [bound, partial], { count: part.count, first }, [groups, 1, 1]);
      first += groups;
    }
    const norm = output(host, []);
    host.dispatch(totalProgram(true), [partial, norm], { count, scale: 1 }, [1, 1, 1]);
    release(host, partial);
    return norm;
  }),
];
