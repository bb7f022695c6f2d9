import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, type KernelBinding, lastAxisOf, output, rowsOf } from "./host.ts";
import { partOf, partsOf } from "./parts.ts";
import { grid, type Program, program, programs } from "./program.ts";

/**
 * f16 copies of matrices, for the kernels that read f16 from memory. A copy is padded with zeros to whole tiles, so those
 * kernels load without checks: to 64 rows or columns, above that to a multiple of 128.
 */
export const padded = (length: number): number => (length <= 64 ? 64 : Math.ceil(length / 128) * 128);

const halfKey = (rows: number, columns: number): string => `half.${rows}x${columns}`;

const halfProgramKey = (vectors: boolean): string => `half.${vectors ? "vec4" : "scalar"}`;

/** `half [padded rows, padded columns]` of f16 from `x [rows, columns]`; values beyond f16 become infinite. */
const halfProgram = /* @__PURE__ */ programs(halfProgramKey, (vectors) => ({
  enable: ["f16"],
  storage: { x: ["read", vectors ? "vec4<f32>" : "f32"], half: ["write", "vec4<f16>"] },
  uniforms: { count: "u32", rows: "u32", columns: "u32", paddedColumns: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let row = i * 4u / uniforms.paddedColumns;
let column = i * 4u % uniforms.paddedColumns;
var value = vec4<f32>();
if (row < uniforms.rows) {
  let at = row * uniforms.columns + column;
  ${
    vectors
      ? "if (column < uniforms.columns) { value = x[at / 4u]; }"
      : [0, 1, 2, 3]
          .map((e) => `if (column + ${e}u < uniforms.columns) { value.${"xyzw"[e]} = x[at + ${e}u]; }`)
          .join("\n  ")
  }
}
half[i] = vec4<f16>(value);`,
}));

/** A new f16 copy. Packed two a float32 element, which is how tfjs sees it. */
const makeHalf = (host: Host, x: KernelBinding, rows: number, columns: number): TensorInfo => {
  const elements = padded(rows) * padded(columns);
  const half = output(host, [elements / 2]);
  host.dispatch(
    halfProgram(columns % 4 === 0),
    [x, half],
    { count: elements / 4, rows, columns, paddedColumns: padded(columns) },
    grid(Math.ceil(elements / 1024)),
  );
  return half;
};

/** The f16 copy of a tensor, kept with it (`owned` is undefined), or of a part of one, which the caller releases. */
export const halfOf = (
  host: Host,
  x: KernelBinding,
  rows: number,
  columns: number,
): { half: TensorInfo; owned: TensorInfo | undefined } => {
  if ("tensor" in x) {
    const half = makeHalf(host, x, rows, columns);
    return { half, owned: half };
  }
  return { half: host.attach(x, halfKey(rows, columns), () => makeHalf(host, x, rows, columns)), owned: undefined };
};

/** Whether an f16 copy lies element for element like the matrix: no row and no column of padding. */
const isPlain = (rows: number, columns: number): boolean => padded(rows) === rows && padded(columns) === columns;

/** The f16 copy of a weight, if it exists and lies element for element like the weight. */
export const plainHalf = (host: Host, x: TensorInfo): { half: TensorInfo; key: string } | undefined => {
  if (x.shape.length !== 2) return undefined;
  const [rows, columns] = x.shape as [number, number];
  if (!isPlain(rows, columns)) return undefined;
  const key = halfKey(rows, columns);
  const half = host.attached(x, key);
  return half && { half, key };
};

/** A result as a kernel writes it: `written` is what it binds, f16 if `half`; `tensor` is what tfjs gets. */
export interface Result {
  tensor: TensorInfo;
  written: TensorInfo;
  half: boolean;
}

/** A float32 result. */
export const wideResult = (host: Host, shape: readonly number[]): Result => {
  const tensor = output(host, shape);
  return { tensor, written: tensor, half: false };
};

/**
 * A result that products or other kernels which know f16 will read. In the matrix tier it exists as f16 alone, rounded as the
 * operand that it becomes would be; a float32 form is made if something else binds it. Elsewhere it is a plain float32 tensor.
 */
export const halfResult = (host: Host, shape: readonly number[]): Result => {
  const [rows, columns] = [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape.at(-1)!];
  if (host.capabilities.tier !== "matrix" || !isPlain(rows, columns)) return wideResult(host, shape);
  const tensor = output(host, shape);
  const written = host.attach(tensor, halfKey(rows, columns), () => output(host, [(rows * columns) / 2]));
  host.defer(tensor, () => {
    for (const part of partsOf(host, rows, columns * 4)) {
      const count = (part.count * columns) / 4;
      const bound = [partOf(written, rows, columns * 2, part), partOf(tensor, rows, columns * 4, part)];
      host.dispatch(widenProgram, bound, { count }, grid(Math.ceil(count / 256)));
    }
  });
  return { tensor, written, half: true };
};

/**
 * An f16 copy of a new float32 tensor, for the kernel that computes the tensor to write as well: products that read it next
 * find it there. Undefined if none of them would look for one.
 */
export const besideHalf = (host: Host, tensor: TensorInfo): TensorInfo | undefined => {
  const [rows, columns] = [rowsOf(tensor), lastAxisOf(tensor)];
  if (host.capabilities.tier !== "matrix" || !isPlain(rows, columns)) return undefined;
  return host.attach(tensor, halfKey(rows, columns), () => output(host, [(rows * columns) / 2]));
};

/** How to bind a tensor for reading: as f16 if it exists as nothing else. */
export const readable = (host: Host, x: TensorInfo): { bound: TensorInfo; half: boolean } => {
  const half = host.isDeferred(x) && host.attached(x, halfKey(rowsOf(x), lastAxisOf(x)));
  return half ? { bound: half, half: true } : { bound: x, half: false };
};

const widenProgram: Program = /* @__PURE__ */ program({
  key: "half.widen",
  enable: ["f16"],
  storage: { half: ["read", "vec4<f16>"], x: ["write", "vec4<f32>"] },
  uniforms: { count: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < uniforms.count) { x[i] = vec4<f32>(half[i]); }`,
});
