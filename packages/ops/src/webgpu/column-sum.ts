import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Operand } from "./elementwise.ts";
import { readable } from "./half.ts";
import { type Host, output, release } from "./host.ts";
import { type Part, partOf, partsOf } from "./parts.ts";
import { postponing } from "./postponed.ts";
import { programs } from "./program.ts";
import { range } from "./range.ts";
import { inShare, numbered, sharesOf, together } from "./together.ts";

const columnSumKey = (outputs: number, half: boolean): string => `column-sum.${outputs}${half ? ".half" : ""}`;

/**
 * A workgroup of 64 columns by 4 sums a block of rows in a fixed order and writes one row of partial sums: no atomics, the
 * same result every time. With several outputs, each gets its share of the columns.
 */
const columnSumProgram = /* @__PURE__ */ programs(columnSumKey, (outputs, half) => ({
  enable: half ? ["f16"] : [],
  storage: {
    x: ["read", half ? "f16" : "f32"],
    ...Object.fromEntries(range(outputs).map((i) => [`out${i}`, ["write", "f32"] as const])),
  },
  uniforms: { rows: "u32", n: "u32", rowsPerGroup: "u32", firstOut: "u32" },
  size: 256,
  declare: "var<workgroup> quarters: array<f32, 256>;",
  main: `
let column = group.x * 64u + lane % 64u;
let end = min(uniforms.rows, (group.y + 1u) * uniforms.rowsPerGroup);
var sum = 0.0;
if (column < uniforms.n) {
  for (var row = group.y * uniforms.rowsPerGroup + lane / 64u; row < end; row = row + 4u) {
    sum += f32(x[row * uniforms.n + column]);
  }
}
quarters[lane] = sum;
workgroupBarrier();
if (lane < 64u && column < uniforms.n) {
  let total = (quarters[lane] + quarters[lane + 64u]) + (quarters[lane + 128u] + quarters[lane + 192u]);
  let width = uniforms.n / ${outputs}u;
  let at = (uniforms.firstOut + group.y) * width + column % width;
  ${range(outputs)
    .map((i) => (outputs === 1 ? "out0[at] = total;" : `if (column / width == ${i}u) { out${i}[at] = total; }`))
    .join("\n  ")}
}`,
}));

/** The most rows that one dispatch sums: partial sums of a norm's gradients are 1024. */
const mostRowsAtOnce = 2048;

/**
 * All rows at once: a workgroup of 8 vectors of columns by 32 rows. What a norm's gradient leaves for its parameters is a
 * thousand short rows, which need no second dispatch; several such sums share one. Counted, not yet timed on a GPU.
 */
const columnSumAtOnceProgram = /* @__PURE__ */ programs(
  (outputs: number, sums: number) => `column-sum.at-once.${outputs}.${sums}`,
  (outputs, sums) => ({
    storage: numbered(sums, {
      x: ["read", "vec4<f32>"] as const,
      ...Object.fromEntries(range(outputs).map((i) => [`out${i}of`, ["write", "vec4<f32>"] as const])),
    }),
    uniforms: numbered(sums, { rows: "u32" as const, count: "u32" as const }),
    size: 256,
    declare: "var<workgroup> parts: array<vec4<f32>, 256>;",
    main: inShare(
      sums,
      8,
      (n) => `let column = start + lane % 8u;
var sum = vec4<f32>();
if (column < uniforms.count${n}) {
  for (var row = lane / 8u; row < uniforms.rows${n}; row = row + 32u) { sum += x${n}[row * uniforms.count${n} + column]; }
}
parts[lane] = sum;
workgroupBarrier();
for (var step = 128u; step >= 8u; step = step / 2u) {
  if (lane < step) { parts[lane] += parts[lane + step]; }
  workgroupBarrier();
}
if (lane < 8u && column < uniforms.count${n}) {
  let width = uniforms.count${n} / ${outputs}u;
  ${range(outputs)
    .map((i) => `if (column / width == ${i}u) { out${i}of${n}[column % width] = parts[lane]; }`)
    .join("\n  ")}
}`,
    ),
  }),
);

interface ColumnSum {
  rows: number;
  /** Vectors of four columns. */
  vectors: number;
}

/** They are gradients of parameters, which wait for each other: see `postponing`. */
const postpone = /* @__PURE__ */ postponing<ColumnSum>({
  most: (host) => sharesOf(host, 3, 0),
  run: (host, all) => {
    const outputs = all[0]!.results.length;
    together(
      host,
      all.map(({ operands, results, details: { rows, vectors } }) => ({
        bindings: [...operands, ...results],
        count: vectors,
        numbers: { rows },
      })),
      {
        most: sharesOf(host, outputs + 1, 0),
        block: 8,
        programOf: (sums) => columnSumAtOnceProgram(outputs, sums),
        others: [],
        uniforms: () => ({}),
      },
    );
  },
});

/**
 * The sum of `x [rows, n]` over its rows, cut along the columns into `outputs` tensors `[n / outputs]`. The last dispatch may wait until
 * one of them is asked for.
 */
export const columnSums = (host: Host, x: Operand, rows: number, n: number, outputs = 1): TensorInfo[] => {
  const rowsPerGroup = rows <= 256 ? rows : Math.max(64, Math.ceil(rows / 128));
  const rowBytes = n * (x.half ? 2 : 4);
  const parts = partsOf(host, rows, rowBytes);
  if (rows <= mostRowsAtOnce && parts.length === 1 && !x.half && n % (4 * outputs) === 0) {
    const results = range(outputs).map(() => output(host, [n / outputs]));
    postpone(host, `${outputs}`, { operands: [x.bound], results, details: { rows, vectors: n / 4 } });
    return results;
  }
  const groupsOf = ({ count }: Part) => Math.ceil(count / rowsPerGroup);
  const groups = parts.reduce((total, part) => total + groupsOf(part), 0);
  const sums = groups === 1 ? range(outputs).map(() => output(host, [n / outputs])) : [output(host, [groups, n])];
  let firstOut = 0;
  for (const part of parts) {
    host.dispatch(
      columnSumProgram(sums.length, x.half),
      [partOf(x.bound, rows, rowBytes, part), ...sums],
      { rows: part.count, n, rowsPerGroup, firstOut },
      [Math.ceil(n / 64), groupsOf(part), 1],
    );
    firstOut += groupsOf(part);
  }
  if (groups === 1) return sums;
  const totals = columnSums(host, { bound: sums[0]!, half: false }, groups, n, outputs);
  release(host, sums[0]);
  return totals;
};

/** The sum of `x [rows, n]` over its rows: `[n]`. */
export const columnSum = (host: Host, x: TensorInfo, rows: number, n: number): TensorInfo =>
  columnSums(host, readable(host, x), rows, n)[0]!;
