import type { TensorInfo } from "@tensorflow/tfjs-core";
import { plainHalf } from "../webgpu/half.ts";
import { type Host, type Inputs, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { programs } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";
import { inShare, numbered, type Share, sharesOf, sharesOfTensors, together } from "../webgpu/together.ts";

const adamwKey = (updates: number, vectors: boolean, half?: boolean): string =>
  `adamw.${vectors ? "vec4" : "scalar"}${half ? ".half" : ""}.${updates}`;

/** Elements or vectors of a workgroup, one for each of its invocations. */
const adamwBlock = 256;

/** The skip of a step is decided here, by a scale of 0 or one that is not finite; the test is on bits, NaN may be assumed away. */
export const adamwProgram = /* @__PURE__ */ programs(adamwKey, (updates, vectors, half) => ({
  enable: half ? ["f16"] : [],
  storage: {
    ...numbered(updates, {
      param: ["write", "T"] as const,
      grad: ["read", "T"] as const,
      mu: ["write", "T"] as const,
      nu: ["write", "T"] as const,
      ...(half ? { half: ["write", "vec4<f16>"] as const } : {}),
    }),
    gradScale: ["read", "f32"],
  },
  uniforms: {
    learningRate: "f32",
    b1: "f32",
    b2: "f32",
    epsilon: "f32",
    correction1: "f32",
    correction2: "f32",
    ...numbered(updates, { count: "u32" as const, weightDecay: "f32" as const }),
  },
  size: adamwBlock,
  declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};
struct Next {
  param: T,
  mu: T,
  nu: T,
}
fn updated(param: T, g: T, mu: T, nu: T, weightDecay: f32) -> Next {
  let m = uniforms.b1 * mu + (1.0 - uniforms.b1) * g;
  let v = uniforms.b2 * nu + (1.0 - uniforms.b2) * g * g;
  let step = m / uniforms.correction1 / (sqrt(v / uniforms.correction2) + uniforms.epsilon) + weightDecay * param;
  return Next(param - uniforms.learningRate * step, m, v);
}`,
  main: `
let scale = gradScale[0];
if (scale == 0.0 || (bitcast<u32>(scale) & 0x7f800000u) == 0x7f800000u) { return; }
${inShare(
  updates,
  adamwBlock,
  (n) => `let i = start + lane;
if (i < uniforms.count${n}) {
  let next = updated(param${n}[i], grad${n}[i] * scale, mu${n}[i], nu${n}[i], uniforms.weightDecay${n});
  param${n}[i] = next.param;
  mu${n}[i] = next.mu;
  nu${n}[i] = next.nu;${half ? `\n  half${n}[i] = vec4<f16>(next.param);` : ""}
}`,
)}`,
}));

type AdamwInputs = Record<"param" | "grad" | "mu" | "nu", TensorInfo>;

/** Those that share a shader, and of them those of one size together: dispatches with equal sizes have equal uniforms. */
const adamw = (
  host: Host,
  updates: readonly (AdamwInputs & { weightDecay: number })[],
  gradScale: TensorInfo,
  attrs: Readonly<Record<string, number>>,
): void => {
  const kinds = new Map<string, { width: 4 | 1; half: boolean; shares: Share[] }>();
  const copies = updates.map(({ param, grad, mu, nu, weightDecay }) => {
    // The f16 copy that matrix kernels read stays in step; one with padding is made anew when it is next needed.
    const copy = plainHalf(host, param);
    const bound = [param, grad, mu, nu].map((tensor) => ({ bound: tensor, elementBytes: 4 }));
    const beside = copy ? [{ bound: copy.half, elementBytes: 2 }] : [];
    const { width, shares } = sharesOfTensors(host, [...bound, ...beside], sizeOf(param));
    const kind = `${width} ${copy !== undefined}`;
    if (!kinds.has(kind)) kinds.set(kind, { width, half: copy !== undefined, shares: [] });
    kinds.get(kind)!.shares.push(...shares.map((share) => ({ ...share, numbers: { weightDecay } })));
    return copy;
  });
  for (const { width, half, shares } of kinds.values()) {
    together(
      host,
      shares.sort((a, b) => b.count - a.count || b.numbers!.weightDecay! - a.numbers!.weightDecay!),
      {
        most: sharesOf(host, half ? 5 : 4, 1),
        block: adamwBlock,
        programOf: (count) => adamwProgram(count, width === 4, half),
        others: [gradScale],
        uniforms: () => attrs,
      },
    );
  }
  for (const [i, { param, mu, nu }] of updates.entries()) {
    const copy = copies[i];
    host.written(param, copy ? [copy.key] : []);
    for (const tensor of [mu, nu]) host.written(tensor);
  }
};

const accumulateBlock = 256;

const accumulateProgram = /* @__PURE__ */ programs(
  (sums: number, vectors: boolean) => `accumulate.${vectors ? "vec4" : "scalar"}.${sums}`,
  (sums, vectors) => ({
    storage: numbered(sums, { sum: ["write", "T"] as const, grad: ["read", "T"] as const }),
    uniforms: { scale: "f32", ...numbered(sums, { count: "u32" as const }) },
    size: accumulateBlock,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    main: inShare(
      sums,
      accumulateBlock,
      (n) => `let i = start + lane;
if (i < uniforms.count${n}) { sum${n}[i] += uniforms.scale * grad${n}[i]; }`,
    ),
  }),
);

/** sum += scale grad, for each pair. */
export const addScaled = (host: Host, pairs: readonly { sum: TensorInfo; grad: TensorInfo }[], scale: number): void => {
  const all = pairs.map(({ sum, grad }) =>
    sharesOfTensors(
      host,
      [sum, grad].map((bound) => ({ bound, elementBytes: 4 })),
      sizeOf(sum),
    ),
  );
  for (const width of [4, 1]) {
    const shares = all.filter((one) => one.width === width).flatMap((one) => one.shares);
    together(host, shares, {
      most: sharesOf(host, 2, 0),
      block: accumulateBlock,
      programOf: (count) => accumulateProgram(count, width === 4),
      others: [],
      uniforms: () => ({ scale }),
    });
  }
};

/** Vectors whose squares a workgroup sums: 16 for each of its invocations, and groups enough for a large GPU. */
const squaresBlock = 4096;

const squaresKey = (tensors: number, vectors: boolean) =>
  `global-norm.squares.${vectors ? "vec4" : "scalar"}.${tensors}`;

/** Sums of squares of several tensors, one sum a block, at `partial[first + block]`. */
const squaresProgram = /* @__PURE__ */ programs(squaresKey, (tensors, vectors) => ({
  storage: {
    ...numbered(tensors, { x: ["read", vectors ? "vec4<f32>" : "f32"] as const }),
    partial: ["write", "f32"],
  },
  uniforms: { ...numbered(tensors, { count: "u32" as const }), first: "u32" },
  size: 256,
  declare: `${reduceScratch(256)}\n${reduceFunction(256, "sum")}`,
  main: `
var sum = 0.0;
${inShare(
  tensors,
  squaresBlock,
  (n) => `let end = min(start + ${squaresBlock}u, uniforms.count${n});
for (var i = start + lane; i < end; i = i + 256u) { sum += ${vectors ? `dot(x${n}[i], x${n}[i])` : `x${n}[i] * x${n}[i]`}; }`,
)}
let total = workgroupSum(lane, sum);
if (lane == 0u) { partial[uniforms.first + index] = total; }`,
}));

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

/** Tensors that came as `name0`, `name1`, ... */
const listed = (inputs: Inputs, name: string): TensorInfo[] => {
  const found: TensorInfo[] = [];
  for (let tensor = inputs[`${name}0`]; tensor; tensor = inputs[`${name}${found.length}`]) found.push(tensor);
  return found;
};

export const optimizerWebgpu = [
  webgpuKernel("CramkitAdamW", (host, inputs, attrs) => {
    const numbers = attrs as Record<string, number>;
    const { learningRate, b1, b2, epsilon, correction1, correction2 } = numbers;
    const [grads, mus, nus] = ["grad", "mu", "nu"].map((name) => listed(inputs, name)) as [
      TensorInfo[],
      TensorInfo[],
      TensorInfo[],
    ];
    const updates = listed(inputs, "param").map((param, i) => ({
      ...{ param, grad: grads[i]!, mu: mus[i]!, nu: nus[i]! },
      weightDecay: numbers[`weightDecay${i}`]!,
    }));
    adamw(host, updates, inputs.gradScale!, { learningRate, b1, b2, epsilon, correction1, correction2 } as Record<
      string,
      number
    >);
    return [];
  }),
  webgpuKernel("CramkitAccumulate", (host, inputs, { scale }) => {
    const grads = listed(inputs, "grad");
    const sums = listed(inputs, "sum");
    addScaled(
      host,
      sums.map((sum, i) => ({ sum, grad: grads[i]! })),
      scale as number,
    );
    for (const sum of sums) host.written(sum);
    return [];
  }),
  webgpuKernel("CramkitGlobalNorm", (host, inputs) => {
    const all = Object.values(inputs).map((tensor) =>
      sharesOfTensors(host, [{ bound: tensor, elementBytes: 4 }], sizeOf(tensor)),
    );
    const count = all
      .flatMap(({ shares }) => shares)
      .reduce((sum, share) => sum + Math.ceil(share.count / squaresBlock), 0);
    const partial = output(host, [count]);
    let before = 0;
    for (const width of [4, 1]) {
      const shares = all.filter((one) => one.width === width).flatMap((one) => one.shares);
      before += together(host, shares, {
        most: sharesOf(host, 1, 1),
        block: squaresBlock,
        programOf: (tensors) => squaresProgram(tensors, width === 4),
        others: [partial],
        uniforms: (first) => ({ first: before + first }),
      });
    }
    const norm = output(host, []);
    host.dispatch(totalProgram(true), [partial, norm], { count, scale: 1 }, [1, 1, 1]);
    release(host, partial);
    return norm;
  }),
];
