import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, type KernelBinding, output } from "./host.ts";
import { grid, type Program, program } from "./program.ts";

/**
 * f16 copies of matrices, for the kernels that read f16 from memory. A copy is padded with zeros to whole tiles, so those
 * kernels load without checks: to 64 rows or columns, above that to a multiple of 128.
 */
export const padded = (length: number): number => (length <= 64 ? 64 : Math.ceil(length / 128) * 128);

const halfKey = (rows: number, columns: number): string => `half.${rows}x${columns}`;

/** `half [padded rows, padded columns]` of f16 from `x [rows, columns]`; values beyond f16 become infinite. */
const halfProgram = (vectors: boolean): Program =>
  program({
    key: `half.${vectors ? "vec4" : "scalar"}`,
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
  });

/** A new f16 copy. Packed two a float32 element, which is how tfjs sees it. */
function makeHalf(host: Host, x: KernelBinding, rows: number, columns: number): TensorInfo {
  const elements = padded(rows) * padded(columns);
  const half = output(host, [elements / 2]);
  host.dispatch(
    halfProgram(columns % 4 === 0),
    [x, half],
    { count: elements / 4, rows, columns, paddedColumns: padded(columns) },
    grid(Math.ceil(elements / 1024)),
  );
  return half;
}

/** The f16 copy of a tensor, kept with it (`owned` is undefined), or of a part of one, which the caller releases. */
export function halfOf(
  host: Host,
  x: KernelBinding,
  rows: number,
  columns: number,
): { half: TensorInfo; owned: TensorInfo | undefined } {
  if ("tensor" in x) {
    const half = makeHalf(host, x, rows, columns);
    return { half, owned: half };
  }
  return { half: host.attach(x, halfKey(rows, columns), () => makeHalf(host, x, rows, columns)), owned: undefined };
}

/** The f16 copy of a weight, where it exists and lies element for element like the weight. */
export function plainHalf(host: Host, x: TensorInfo): { half: TensorInfo; key: string } | undefined {
  if (x.shape.length !== 2) return undefined;
  const [rows, columns] = x.shape as [number, number];
  if (padded(rows) !== rows || padded(columns) !== columns) return undefined;
  const key = halfKey(rows, columns);
  const half = host.attached(x, key);
  return half && { half, key };
}
