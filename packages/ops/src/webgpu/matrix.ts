import type { Capabilities } from "./host.ts";
import type { ProgramSource } from "./program.ts";
import { askedSubgroupSize } from "./subgroup-size.ts";

/** Shape and spelling of a device's subgroup matrices: left [m, k] times right [k, n], f16 into float32. */
export interface MatrixUnit {
  m: number;
  n: number;
  k: number;
  spelling: "new" | "old";
  /** Invocations of the largest subgroup; smaller ones only leave some of them without matrix work. */
  subgroup: number;
  /** Every subgroup is as large. */
  fixed: boolean;
  /**
   * Shaders ask for subgroups of this size.
   *
   * @defaultValue `false`
   */
  asked?: boolean;
}

/** What every shader with matrices of a unit says first. */
export const matrixHeader = ({ subgroup, asked }: MatrixUnit): Pick<ProgramSource, "enable" | "subgroupSize"> => ({
  enable: ["f16", "subgroups", "chromium_experimental_subgroup_matrix"],
  ...(asked ? { subgroupSize: subgroup } : {}),
});

/** Plain data of a device that a unit is chosen by. */
export type UnitCapabilities = Pick<
  Capabilities,
  "tier" | "matrix" | "matrixSpelling" | "subgroupMinSize" | "subgroupMaxSize" | "subgroupSizeControl" | "variants"
>;

/** The unit with the most work an instruction among those that divide a tile of 32, or undefined. */
export const chooseUnit = (capabilities: UnitCapabilities): MatrixUnit | undefined => {
  const { tier, matrix, matrixSpelling, subgroupMinSize, subgroupMaxSize } = capabilities;
  if (tier !== "matrix" || !matrixSpelling) return undefined;
  const [best] = matrix
    .filter(({ m, n, k }) => 32 % m === 0 && 32 % n === 0 && 32 % k === 0)
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  if (!best) return undefined;
  const { m, n, k } = best;
  const asked = askedSubgroupSize(capabilities);
  return asked
    ? { m, n, k, spelling: matrixSpelling, subgroup: asked, fixed: true, asked: true }
    : { m, n, k, spelling: matrixSpelling, subgroup: subgroupMaxSize, fixed: subgroupMinSize === subgroupMaxSize };
};

export const unitName = ({ m, n, k, spelling, subgroup, fixed, asked }: MatrixUnit): string =>
  `${m}x${n}x${k}.sg${asked ? "=" : fixed ? "" : "-"}${subgroup}${spelling === "old" ? ".old" : ""}`;

/** What only the first `count` subgroups do: if smaller ones are possible there are more, which have no part in it. */
export const onSubgroups = ({ fixed }: MatrixUnit, count: number, text: string): string =>
  `${fixed ? "" : `if (subgroupIndex < ${count}u) `}{\n${text}\n}`;

/** Runs `body` for every `name` below `count`, shared out among the lanes of a subgroup. */
export const shareInSubgroup = ({ fixed, subgroup }: MatrixUnit, name: string, count: number, body: string): string =>
  fixed && count % subgroup === 0
    ? // A fixed number of rounds, with which Dawn sees that indices are in bounds.
      `for (var round = 0u; round < ${count / subgroup}u; round++) {
let ${name} = subgroupLane + round * ${subgroup}u;
${body}
}`
    : `for (var ${name} = subgroupLane; ${name} < ${count}u; ${name} = ${name} + subgroupSize) {\n${body}\n}`;

export const leftType = ({ m, k }: MatrixUnit): string => `subgroup_matrix_left<f16, ${k}, ${m}>`;
export const rightType = ({ n, k }: MatrixUnit): string => `subgroup_matrix_right<f16, ${n}, ${k}>`;
export const resultType = ({ m, n }: MatrixUnit): string => `subgroup_matrix_result<f32, ${n}, ${m}>`;

/**
 * A load; offset and stride count scalars, of which an element of the array holds `width` (more than one only in the new
 * spelling). Offsets should be constants, in an array that an index may choose (`tile[strip]`): anything else Dawn guards with
 * a dozen instructions a load, and with a stride that the compiler no longer knows.
 */
export const loadMatrix = (
  { spelling }: MatrixUnit,
  type: string,
  array: string,
  offset: string,
  stride: string,
  columnMajor: boolean,
  width = 1,
): string => {
  if (spelling === "old") return `subgroupMatrixLoad<${type}>(&${array}, ${offset}, ${columnMajor}, ${stride})`;
  return `subgroupMatrixLoad<${type}, ${columnMajor ? "col_major" : "row_major"}>(&${array}, ${scaled(offset, width)}, ${scaled(stride, width)})`;
};

const scaled = (text: string, width: number): string => (width === 1 ? text : `(${text}) / ${width}u`);

/** A row-major store; offset, stride and `width` as in {@link loadMatrix}. */
export const storeMatrix = (
  { spelling }: MatrixUnit,
  array: string,
  offset: string,
  value: string,
  stride: string,
  width = 1,
): string =>
  spelling === "old"
    ? `subgroupMatrixStore(&${array}, ${offset}, ${value}, false, ${stride});`
    : `subgroupMatrixStore<row_major>(&${array}, ${scaled(offset, width)}, ${value}, ${scaled(stride, width)});`;

/**
 * The text `step(k)` for all multiples of a unit along `length`: with constants, or for the small units of software adapters
 * in a loop, since their compilers take minutes for what is unrolled.
 */
export const alongK = ({ k: unit }: MatrixUnit, length: number, step: (k: string) => readonly string[]): string => {
  const block = (k: string) => `{\n  ${step(k).join("\n  ")}\n}`;
  if (unit < 16) return `for (var k = 0u; k < ${length}u; k = k + ${unit}u) ${block("k")}`;
  return Array.from({ length: length / unit }, (_, i) => block(`${i * unit}u`)).join("\n");
};
