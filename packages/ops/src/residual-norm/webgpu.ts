import type { TensorInfo } from "@tensorflow/tfjs-core";
import { dropoutUniforms, dropoutUniformTypes, dropoutWgsl } from "../dropout/webgpu.ts";
import { columnSums } from "../webgpu/column-sum.ts";
import { halvesKey } from "../webgpu/elementwise.ts";
import { besideHalf, halfResult, readable } from "../webgpu/half.ts";
import { type Host, type KernelBinding, lastAxisOf, output, release, rowsOf, webgpuKernel } from "../webgpu/host.ts";
import type { NormKind } from "../webgpu/norm.ts";
import { inTeams, rowsPerGroup, sizeOfTeams, teamsWgsl } from "../webgpu/norm-teams.ts";
import { joinOpenTerm } from "../webgpu/open-terms.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, groupIndex, type ProgramSource, programs } from "../webgpu/program.ts";
import { reduceFunction, reduceScratch } from "../webgpu/reduce.ts";
import { registers } from "../webgpu/row-registers.ts";

/*
 * A norm with the residual sum before it, and the gradient of both: what lies between two branches, in one pass each way. As
 * in webgpu/norm.ts a workgroup takes rows, and each of its invocations keeps its columns in registers.
 */

interface Shape {
  kind: NormKind;
  n: number;
  /** Forward: whether the norm has one. Backward: whether the sum has a gradient of its own. */
  extra: boolean;
  dropped: boolean;
  /** Which of the large tensors hold f16: forward x, branch, y; backward dy, dsum, dbranch. */
  halves: readonly boolean[];
  /** Forward: whether the sum is still to be computed. Backward: whether there is a second large output. */
  second: boolean;
}

const keyOf = (pass: string, { kind, n, extra, dropped, halves, second }: Shape) =>
  `residual-${kind}-norm${pass}.${n}${extra ? (pass ? ".sum" : ".bias") : ""}${dropped ? ".dropout" : ""}${pass ? (second ? ".two" : "") : second ? "" : ".joined"}${halvesKey(halves)}`;

/** WGSL of `dropped(value, element)`: what is left of a register whose first element has this number. */
const droppedWgsl = (vectors: boolean) => `${dropoutWgsl()}
fn dropped(value: T, e: u32) -> T {
  return select(T(0.0), value * uniforms.keepScale, ${vectors ? "kept4(e, 0u)" : "kept(e, 0u)"});
}`;

const forwardProgram = /* @__PURE__ */ programs((shape: Shape) => keyOf("", shape), forward);

/** One workgroup a row: sum = x + dropped(branch), y = (sum - mean) rstd weight (+ bias). Or x is that sum already. */
function forward(shape: Shape): ProgramSource {
  const { kind, n, extra: bias, dropped, halves, second: adds } = shape;
  const { size, slots, vectors, type, column, guarded, total, declare, width } = registers(n);
  const layer = kind === "layer";
  const sumOf = (text: (slot: number) => string) => slots.map((slot) => total(text(slot))).join(" + ");
  const element = (slot: number) => `((uniforms.first + index) * ${vectors}u + ${column(slot)}) * ${width}u`;
  const branch = (slot: number) => {
    const value = `T(branch[first + ${column(slot)}])`;
    return dropped ? `dropped(${value}, ${element(slot)})` : value;
  };
  const large = (i: number) => (halves[i] ? "vec4<f16>" : "T");
  return {
    enable: halves.includes(true) ? ["f16"] : [],
    storage: {
      x: ["read", large(0)],
      ...(adds ? { branch: ["read", large(1)] as const } : {}),
      weight: ["read", "T"],
      ...(bias ? { bias: ["read", "T"] as const } : {}),
      ...(adds ? { sum: ["write", "T"] as const } : {}),
      y: ["write", large(2)],
      stats: ["write", "f32"],
    },
    uniforms: { rows: "u32", first: "u32", all: "u32", epsilon: "f32", ...(dropped ? dropoutUniformTypes : {}) },
    size,
    declare: [
      `alias T = ${type};`,
      reduceScratch(size),
      reduceFunction(size, "sum"),
      dropped ? droppedWgsl(width === 4) : "",
    ].join("\n"),
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * ${vectors}u;
${declare("x", (slot) => `T(x[first + ${column(slot)}])${adds ? ` + ${branch(slot)}` : ""}`)}
${adds ? slots.map((slot) => guarded(slot, `sum[first + ${column(slot)}] = x${slot};`)).join("\n") : ""}
${
  layer
    ? `let mu = workgroupSum(lane, ${sumOf((slot) => `x${slot}`)}) / ${n}.0;
${slots.map((slot) => guarded(slot, `x${slot} -= mu;`)).join("\n")}`
    : "let mu = 0.0;"
}
let scale = inverseSqrt(workgroupSum(lane, ${sumOf((slot) => `x${slot} * x${slot}`)}) / ${n}.0 + uniforms.epsilon);
${slots
  .map((slot) => {
    const value = `x${slot} * scale * weight[${column(slot)}]${bias ? ` + bias[${column(slot)}]` : ""}`;
    return guarded(slot, `y[first + ${column(slot)}] = ${large(2)}(${value});`);
  })
  .join("\n")}
if (lane == 0u) {
  stats[uniforms.first + index] = mu;
  stats[uniforms.all + uniforms.first + index] = scale;
}`,
  };
}

const backwardProgram = /* @__PURE__ */ programs((shape: Shape) => keyOf(".gradient", shape), backward);

/**
 * dx = dsum + rstd (g - mean(g) - h mean(g h)), g = dy weight, h = (sum - mean) rstd; without mean(g) for RMS. The second
 * output is dbranch, which is dx in f16 if there is no dropout. A workgroup takes a block of rows, one after the other,
 * and writes one row of partial sums of dy h (and of dy).
 */
function backward(shape: Shape): ProgramSource {
  const { kind, n, extra: dsum, dropped, halves, second } = shape;
  const { slots, vectors, column, guarded, total, declare, width } = registers(n);
  const layer = kind === "layer";
  const large = (i: number) => (halves[i] ? "vec4<f16>" : "T");
  const element = (slot: number) => `((uniforms.first + row) * ${vectors}u + ${column(slot)}) * ${width}u`;
  const results = (slot: number) => {
    const at = `first + ${column(slot)}`;
    const gradient = `scale * (g${slot}${layer ? " - means.x" : ""} - h${slot} * means.y)`;
    const dbranch = `${large(2)}(${dropped ? `dropped(d, ${element(slot)})` : "d"})`;
    return `{ let d = ${gradient}${dsum ? ` + T(dsum[${at}])` : ""}; dx[${at}] = d;${second ? ` dbranch[${at}] = ${dbranch};` : ""} }`;
  };
  return {
    enable: halves.includes(true) ? ["f16"] : [],
    storage: {
      dy: ["read", large(0)],
      ...(dsum ? { dsum: ["read", large(1)] as const } : {}),
      total: ["read", "T"],
      weight: ["read", "T"],
      stats: ["read", "f32"],
      dx: ["write", "T"],
      ...(second ? { dbranch: ["write", large(2)] as const } : {}),
      sums: ["write", "T"],
    },
    uniforms: {
      ...{ rows: "u32", rowsPerGroup: "u32", firstGroup: "u32", first: "u32", all: "u32" },
      ...(dropped ? dropoutUniformTypes : {}),
    },
    size: sizeOfTeams(n),
    declare: [teamsWgsl(n), dropped ? droppedWgsl(width === 4) : ""].join("\n"),
    main: inTeams(n, {
      before: `${declare("w", (slot) => `weight[${column(slot)}]`)}
${slots.map((slot) => `var dw${slot} = T();${layer ? `\nvar db${slot} = T();` : ""}`).join("\n")}`,
      row: `let first = row * ${vectors}u;
  let mu = stats[uniforms.first + row];
  let scale = stats[uniforms.all + uniforms.first + row];
  ${declare("g", (slot) => `select(T(), T(dy[first + ${column(slot)}]), inside)`)}
  ${declare("h", (slot) => `(total[first + ${column(slot)}] - mu) * scale`)}
  ${slots.map((slot) => `dw${slot} += g${slot} * h${slot};${layer ? ` db${slot} += g${slot};` : ""}\n  g${slot} *= w${slot};`).join("\n  ")}
  let means = teamSum(team, lane, vec2<f32>(${slots.map((slot) => total(`g${slot}`)).join(" + ")}, ${slots.map((slot) => total(`g${slot} * h${slot}`)).join(" + ")})) / ${n}.0;
  if (inside) {
  ${slots.map((slot) => guarded(slot, results(slot))).join("\n  ")}
  }`,
      terms: layer ? ["dw", "db"] : ["dw"],
    }),
  };
}

interface ResidualAttrs {
  kind: NormKind;
  rate: number;
  key0: number;
  key1: number;
}

/** `[sum, y, stats]`; the sum is float32, as the residual stream is. The product that a branch ends in computes it if it may. */
const residualNormForward = (
  host: Host,
  { x, branch, weight, bias }: Readonly<Record<string, TensorInfo>>,
  { kind, epsilon, ...mask }: ResidualAttrs & { epsilon: number },
): TensorInfo[] => {
  const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
  const joined = mask.rate > 0 ? undefined : joinOpenTerm(branch!, x!);
  const input = readable(host, joined ?? x!);
  const added = joined ? undefined : readable(host, branch!);
  const sum = joined ?? output(host, x!.shape);
  const y = halfResult(host, x!.shape);
  const stats = output(host, [2, rows]);
  const halves = [input.half, added?.half ?? false, y.half];
  const shader = forwardProgram({
    ...{ kind, n, extra: bias !== undefined, dropped: mask.rate > 0, halves },
    second: added !== undefined,
  });
  for (const part of partsOf(host, rows, n * 4)) {
    const rowsOfPart = (tensor: TensorInfo, half: boolean) => partOf(tensor, rows, n * (half ? 2 : 4), part);
    const bound: KernelBinding[] = [
      rowsOfPart(input.bound, input.half),
      ...(added ? [rowsOfPart(added.bound, added.half)] : []),
      weight!,
      ...(bias ? [bias] : []),
      ...(added ? [rowsOfPart(sum, false)] : []),
      rowsOfPart(y.written, y.half),
      stats,
    ];
    const dropout = mask.rate > 0 ? dropoutUniforms(mask) : {};
    host.dispatch(
      shader,
      bound,
      { rows: part.count, first: part.first, all: rows, epsilon, ...dropout },
      grid(part.count),
    );
  }
  return [sum, y.tensor, stats];
};

/** `[dx, dweight]`, for a layer norm `dbias`, and `dbranch` if there is a dropout. */
const residualNormBackward = (
  host: Host,
  { dsum, dy, sum, weight, stats }: Readonly<Record<string, TensorInfo>>,
  { kind, ...mask }: ResidualAttrs,
): TensorInfo[] => {
  const [rows, n] = [rowsOf(sum!), lastAxisOf(sum!)];
  const upstream = readable(host, dy!);
  const more = dsum && readable(host, dsum);
  const dx = output(host, sum!.shape);
  // The products of the branch read its gradient as f16.
  const dbranch = mask.rate > 0 ? halfResult(host, sum!.shape) : undefined;
  const copy = dbranch ? undefined : besideHalf(host, dx);
  const second = dbranch ? { bound: dbranch.written, half: dbranch.half } : copy && { bound: copy, half: true };
  const shader = backwardProgram({
    ...{ kind, n, extra: more !== undefined, dropped: mask.rate > 0 },
    halves: [upstream.half, more?.half ?? false, second?.half ?? false],
    second: second !== undefined,
  });
  const parts = partsOf(host, rows, n * 4);
  const step = rowsPerGroup(rows, n);
  const groups = parts.map(({ count }) => Math.ceil(count / step));
  const total = groups.reduce((a, b) => a + b, 0);
  const terms = kind === "layer" ? 2 : 1;
  const sums = output(host, [total, terms * n]);
  let firstGroup = 0;
  parts.forEach((part, i) => {
    const rowsOfPart = (tensor: TensorInfo, half: boolean) => partOf(tensor, rows, n * (half ? 2 : 4), part);
    const bound = [
      rowsOfPart(upstream.bound, upstream.half),
      ...(more ? [rowsOfPart(more.bound, more.half)] : []),
      rowsOfPart(sum!, false),
      weight!,
      stats!,
      rowsOfPart(dx, false),
      ...(second ? [rowsOfPart(second.bound, second.half)] : []),
      sums,
    ];
    const dropout = mask.rate > 0 ? dropoutUniforms(mask) : {};
    const uniforms = { rows: part.count, rowsPerGroup: step, firstGroup, first: part.first, all: rows, ...dropout };
    host.dispatch(shader, bound, uniforms, [groups[i]!, 1, 1]);
    firstGroup += groups[i]!;
  });
  const gradients = columnSums(host, { bound: sums, half: false }, total, terms * n, terms);
  release(host, sums);
  return [dx, ...gradients, ...(dbranch ? [dbranch.tensor] : [])];
};

export const residualNormWebgpu = [
  webgpuKernel("CramkitResidualNorm", (host, inputs, attrs) =>
    residualNormForward(host, inputs, attrs as unknown as ResidualAttrs & { epsilon: number }),
  ),
  webgpuKernel("CramkitResidualNormGrad", (host, inputs, attrs) =>
    residualNormBackward(host, inputs, attrs as unknown as ResidualAttrs),
  ),
];
