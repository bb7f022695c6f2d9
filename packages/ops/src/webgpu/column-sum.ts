import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, output, release } from "./host.ts";
import { type Part, partOf, partsOf } from "./parts.ts";
import { type Program, program } from "./program.ts";

/** Sums over the rows of something that is computed from row-wise tensors, e.g. the gradient of a norm's weight. */
export interface ColumnSum {
  key: string;
  /** Tensors of `[rows, n]` and of `[rows]`. */
  rowTensors: Readonly<Record<string, "matrix" | "column">>;
  /** Expressions of the summands at `row` and `at` (= row * n + column), one an output. */
  terms: readonly string[];
}

const plain: ColumnSum = { key: "sum", rowTensors: { x: "matrix" }, terms: ["x[at]"] };

/**
 * A workgroup of 64 columns by 4 sums a block of rows in a fixed order and writes one row of partial sums: no atomics, the
 * same result every time.
 */
const columnSumProgram = (sum: ColumnSum): Program =>
  program({
    key: `column-sum.${sum.key}`,
    storage: {
      ...Object.fromEntries(Object.keys(sum.rowTensors).map((name) => [name, ["read", "f32"] as const])),
      ...Object.fromEntries(sum.terms.map((_, i) => [`out${i}`, ["write", "f32"] as const])),
    },
    uniforms: { rows: "u32", n: "u32", rowsPerGroup: "u32", firstOut: "u32" },
    size: 256,
    declare: sum.terms.map((_, i) => `var<workgroup> shared${i}: array<f32, 256>;`).join("\n"),
    main: `
let column = group.x * 64u + lane % 64u;
let end = min(uniforms.rows, (group.y + 1u) * uniforms.rowsPerGroup);
${sum.terms.map((_, i) => `var sum${i} = 0.0;`).join("\n")}
if (column < uniforms.n) {
  for (var row = group.y * uniforms.rowsPerGroup + lane / 64u; row < end; row = row + 4u) {
    let at = row * uniforms.n + column;
    ${sum.terms.map((term, i) => `sum${i} += ${term};`).join("\n    ")}
  }
}
${sum.terms.map((_, i) => `shared${i}[lane] = sum${i};`).join("\n")}
workgroupBarrier();
if (lane < 64u && column < uniforms.n) {
  let at = (uniforms.firstOut + group.y) * uniforms.n + column;
  ${sum.terms.map((_, i) => `out${i}[at] = (shared${i}[lane] + shared${i}[lane + 64u]) + (shared${i}[lane + 128u] + shared${i}[lane + 192u]);`).join("\n  ")}
}`,
  });

/** Sums of every term over `rows` rows: one `[n]` each. `tensors` in the order of `sum.rowTensors`. */
export function columnSums(
  host: Host,
  sum: ColumnSum,
  tensors: readonly TensorInfo[],
  rows: number,
  n: number,
): TensorInfo[] {
  const rowsPerGroup = rows <= 256 ? rows : Math.max(64, Math.ceil(rows / 128));
  const kinds = Object.values(sum.rowTensors);
  const parts = partsOf(host, rows, n * 4);
  const groupsOf = ({ count }: Part) => Math.ceil(count / rowsPerGroup);
  const groups = parts.reduce((total, part) => total + groupsOf(part), 0);
  const outputs = sum.terms.map(() => output(host, groups === 1 ? [n] : [groups, n]));
  let firstOut = 0;
  for (const part of parts) {
    const bindings = tensors.map((tensor, i) => partOf(tensor, rows, kinds[i] === "matrix" ? n * 4 : 4, part));
    host.dispatch(columnSumProgram(sum), [...bindings, ...outputs], { rows: part.count, n, rowsPerGroup, firstOut }, [
      Math.ceil(n / 64),
      groupsOf(part),
      1,
    ]);
    firstOut += groupsOf(part);
  }
  if (groups === 1) return outputs;
  return outputs.map((partial) => {
    const [total] = columnSums(host, plain, [partial], groups, n) as [TensorInfo];
    release(host, partial);
    return total;
  });
}

/** The sum of `x [rows, n]` over its rows: `[n]`. */
export const columnSum = (host: Host, x: TensorInfo, rows: number, n: number): TensorInfo =>
  columnSums(host, plain, [x], rows, n)[0]!;
