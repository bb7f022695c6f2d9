import type { Capabilities } from "./host.ts";

/** Shape and spelling of a device's subgroup matrices: left [m, k] times right [k, n], f16 into float32. */
export interface MatrixUnit {
  m: number;
  n: number;
  k: number;
  spelling: "new" | "old";
  /** Invocations of the largest subgroup; smaller ones only leave some of them without matrix work. */
  subgroup: number;
}

export const matrixExtensions = ["f16", "subgroups", "chromium_experimental_subgroup_matrix"];

/** The unit with the most work an instruction among those that divide a tile of 32, or undefined. */
export function chooseUnit(
  capabilities: Pick<Capabilities, "tier" | "matrix" | "matrixSpelling" | "subgroupMaxSize">,
): MatrixUnit | undefined {
  const { tier, matrix, matrixSpelling, subgroupMaxSize } = capabilities;
  if (tier !== "matrix" || !matrixSpelling) return undefined;
  const [best] = matrix
    .filter(({ m, n, k }) => 32 % m === 0 && 32 % n === 0 && 32 % k === 0)
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  return best && { m: best.m, n: best.n, k: best.k, spelling: matrixSpelling, subgroup: subgroupMaxSize };
}

export const unitName = ({ m, n, k, spelling, subgroup }: MatrixUnit): string =>
  `${m}x${n}x${k}.sg${subgroup}${spelling === "old" ? ".old" : ""}`;

export const leftType = ({ m, k }: MatrixUnit): string => `subgroup_matrix_left<f16, ${k}, ${m}>`;
export const rightType = ({ n, k }: MatrixUnit): string => `subgroup_matrix_right<f16, ${n}, ${k}>`;
export const resultType = ({ m, n }: MatrixUnit): string => `subgroup_matrix_result<f32, ${n}, ${m}>`;

/**
 * A load; offset and stride count scalars, of which an element of the array holds `width` (more than one only in the new
 * spelling). Offsets should be constants, in an array that an index may choose (`tile[strip]`): anything else Dawn guards with
 * a dozen instructions a load, and with a stride that the compiler no longer knows.
 */
export function loadMatrix(
  { spelling }: MatrixUnit,
  type: string,
  array: string,
  offset: string,
  stride: string,
  columnMajor: boolean,
  width = 1,
): string {
  if (spelling === "old") return `subgroupMatrixLoad<${type}>(&${array}, ${offset}, ${columnMajor}, ${stride})`;
  const scaled = (text: string) => (width === 1 ? text : `(${text}) / ${width}u`);
  return `subgroupMatrixLoad<${type}, ${columnMajor ? "col_major" : "row_major"}>(&${array}, ${scaled(offset)}, ${scaled(stride)})`;
}

/** A row-major store, like {@link loadMatrix}. */
export const storeMatrix = (
  { spelling }: MatrixUnit,
  array: string,
  offset: string,
  value: string,
  stride: string,
  width = 1,
): string => {
  if (spelling === "old") return `subgroupMatrixStore(&${array}, ${offset}, ${value}, false, ${stride});`;
  const scaled = (text: string) => (width === 1 ? text : `(${text}) / ${width}u`);
  return `subgroupMatrixStore<row_major>(&${array}, ${scaled(offset)}, ${value}, ${scaled(stride)});`;
};

/**
 * The text `step(k)` for all multiples of a unit along `length`: with constants, or for the small units of software adapters
 * in a loop, since their compilers take minutes for what is unrolled.
 */
export function alongK({ k: unit }: MatrixUnit, length: number, step: (k: string) => readonly string[]): string {
  const block = (k: string) => `{\n  ${step(k).join("\n  ")}\n}`;
  if (unit < 16) return `for (var k = 0u; k < ${length}u; k = k + ${unit}u) ${block("k")}`;
  return Array.from({ length: length / unit }, (_, i) => block(`${i * unit}u`)).join("\n");
}
