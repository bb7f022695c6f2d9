import type { TensorInfo } from "@tensorflow/tfjs-core";
import { columnSums } from "./column-sum.ts";
import { halvesKey } from "./elementwise.ts";
import { halfResult, readable } from "./half.ts";
import { type Host, type KernelBinding, lastAxisOf, output, release, rowsOf } from "./host.ts";
import { inTeams, rowsPerGroup, sizeOfTeams, teamsWgsl } from "./norm-teams.ts";
import { partOf, partsOf } from "./parts.ts";
import { grid, groupIndex, type ProgramSource, programs } from "./program.ts";
import { reduceFunction, reduceScratch } from "./reduce.ts";
import { registers } from "./row-registers.ts";

/*
 * Layer norm and RMS norm, the latter without a mean. A workgroup takes rows; each of its invocations keeps its columns of the
 * row in registers, so every element is read once. In the backward pass it keeps its columns' sums over the rows as well:
 * the weight's gradient is then a sum over workgroups.
 */

export type NormKind = "layer" | "rms";

interface NormShape {
  kind: NormKind;
  n: number;
  bias: boolean;
  /** Whether the first and the last tensor that is as large as x is f16. */
  halves: readonly [boolean, boolean];
}

const keyOf = (pass: string, { kind, n, bias, halves }: NormShape) =>
  `${kind}-norm${pass}.${n}${bias ? ".bias" : ""}${halvesKey(halves)}`;

/** One workgroup a row: y = (x - mean) rstd weight (+ bias), the variance around the mean. */
const normProgram = /* @__PURE__ */ programs((shape: NormShape) => keyOf("", shape), forward);

function forward(shape: NormShape): ProgramSource {
  const { kind, n, bias, halves } = shape;
  const { size, slots, vectors, type, column, guarded, total, declare } = registers(n);
  const layer = kind === "layer";
  const sumOf = (text: (slot: number) => string) => slots.map((slot) => total(text(slot))).join(" + ");
  return {
    enable: halves.includes(true) ? ["f16"] : [],
    storage: {
      x: ["read", halves[0] ? "vec4<f16>" : "T"],
      weight: ["read", "T"],
      ...(bias ? { bias: ["read", "T"] as const } : {}),
      y: ["write", halves[1] ? "vec4<f16>" : "T"],
      ...(layer ? { mean: ["write", "f32"] as const } : {}),
      rstd: ["write", "f32"],
    },
    uniforms: { rows: "u32", epsilon: "f32" },
    size,
    declare: `alias T = ${type};\n${reduceScratch(size)}\n${reduceFunction(size, "sum")}`,
    main: `
${groupIndex}
if (index >= uniforms.rows) { return; }
let first = index * ${vectors}u;
${declare("x", (slot) => `T(x[first + ${column(slot)}])`)}
${
  layer
    ? `let mu = workgroupSum(lane, ${sumOf((slot) => `x${slot}`)}) / ${n}.0;
${slots.map((slot) => guarded(slot, `x${slot} -= mu;`)).join("\n")}`
    : ""
}
let scale = inverseSqrt(workgroupSum(lane, ${sumOf((slot) => `x${slot} * x${slot}`)}) / ${n}.0 + uniforms.epsilon);
${slots
  .map((slot) => {
    const value = `x${slot} * scale * weight[${column(slot)}]${bias ? ` + bias[${column(slot)}]` : ""}`;
    return guarded(slot, `y[first + ${column(slot)}] = ${halves[1] ? "vec4<f16>" : "T"}(${value});`);
  })
  .join("\n")}
if (lane == 0u) {
${layer ? "  mean[index] = mu;\n" : ""}  rstd[index] = scale;
}`,
  };
}

/**
 * dx = rstd (g - mean(g) - xhat mean(g xhat)), g = dy weight, xhat = (x - mean) rstd; without mean(g) for RMS. A workgroup
 * takes a block of rows, one after the other, and writes one row of partial sums of dy xhat (and of dy).
 */
const normGradProgram = /* @__PURE__ */ programs((shape: NormShape) => keyOf(".gradient", shape), backward);

function backward(shape: NormShape): ProgramSource {
  const { kind, n, halves } = shape;
  const { slots, vectors, column, guarded, total, declare } = registers(n);
  const layer = kind === "layer";
  return {
    enable: halves.includes(true) ? ["f16"] : [],
    storage: {
      dy: ["read", halves[0] ? "vec4<f16>" : "T"],
      x: ["read", halves[1] ? "vec4<f16>" : "T"],
      weight: ["read", "T"],
      ...(layer ? { mean: ["read", "f32"] as const } : {}),
      rstd: ["read", "f32"],
      dx: ["write", "T"],
      sums: ["write", "T"],
    },
    uniforms: { rows: "u32", rowsPerGroup: "u32", firstGroup: "u32" },
    size: sizeOfTeams(n),
    declare: teamsWgsl(n),
    main: inTeams(n, {
      before: `${declare("w", (slot) => `weight[${column(slot)}]`)}
${slots.map((slot) => `var dw${slot} = T();${layer ? `\nvar db${slot} = T();` : ""}`).join("\n")}`,
      row: `let first = row * ${vectors}u;
  let scale = rstd[row];
  ${layer ? "let mu = mean[row];" : ""}
  ${declare("g", (slot) => `select(T(), T(dy[first + ${column(slot)}]), inside)`)}
  ${declare("h", (slot) => `(T(x[first + ${column(slot)}])${layer ? " - mu" : ""}) * scale`)}
  ${slots.map((slot) => `dw${slot} += g${slot} * h${slot};${layer ? ` db${slot} += g${slot};` : ""}\n  g${slot} *= w${slot};`).join("\n  ")}
  let means = teamSum(team, lane, vec2<f32>(${slots.map((slot) => total(`g${slot}`)).join(" + ")}, ${slots.map((slot) => total(`g${slot} * h${slot}`)).join(" + ")})) / ${n}.0;
  if (inside) {
  ${slots
    .map((slot) =>
      guarded(
        slot,
        `dx[first + ${column(slot)}] = scale * (g${slot}${layer ? " - means.x" : ""} - h${slot} * means.y);`,
      ),
    )
    .join("\n  ")}
  }`,
      terms: layer ? ["dw", "db"] : ["dw"],
    }),
  };
}

/** `[y, mean, rstd]`, or `[y, rstd]` without a mean. */
export const normForward = (
  host: Host,
  kind: NormKind,
  { x, weight, bias }: Readonly<Record<string, TensorInfo>>,
  epsilon: number,
): TensorInfo[] => {
  const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
  const input = readable(host, x!);
  const y = halfResult(host, x!.shape);
  const columns = [...(kind === "layer" ? [output(host, [rows])] : []), output(host, [rows])];
  const shader = normProgram({ kind, n, bias: bias !== undefined, halves: [input.half, y.half] });
  for (const part of partsOf(host, rows, n * 4)) {
    const rowsOfPart = (tensor: TensorInfo, half: boolean) => partOf(tensor, rows, n * (half ? 2 : 4), part);
    const bound: KernelBinding[] = [
      rowsOfPart(input.bound, input.half),
      weight!,
      ...(bias ? [bias] : []),
      rowsOfPart(y.written, y.half),
      ...columns.map((column) => partOf(column, rows, 4, part)),
    ];
    host.dispatch(shader, bound, { rows: part.count, epsilon }, grid(part.count));
  }
  return [y.tensor, ...columns];
};

/** `[dx, dweight, dbias]`, or `[dx, dweight]` without a mean. */
export const normBackward = (
  host: Host,
  kind: NormKind,
  { dy, x, weight, mean, rstd }: Readonly<Record<string, TensorInfo>>,
): TensorInfo[] => {
  const [rows, n] = [rowsOf(x!), lastAxisOf(x!)];
  const [upstream, input] = [readable(host, dy!), readable(host, x!)];
  const dx = output(host, x!.shape);
  const shader = normGradProgram({ kind, n, bias: false, halves: [upstream.half, input.half] });
  const columns = [...(kind === "layer" ? [mean!] : []), rstd!];
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
      rowsOfPart(input.bound, input.half),
      weight!,
      ...columns.map((column) => partOf(column, rows, 4, part)),
      rowsOfPart(dx, false),
      sums,
    ];
    host.dispatch(shader, bound, { rows: part.count, rowsPerGroup: step, firstGroup }, [groups[i]!, 1, 1]);
    firstGroup += groups[i]!;
  });
  const gradients = columnSums(host, { bound: sums, half: false }, total, terms * n, terms);
  release(host, sums);
  return [dx, ...gradients];
};
