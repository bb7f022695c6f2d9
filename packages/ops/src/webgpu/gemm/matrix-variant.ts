import type { MatrixUnit } from "../matrix.ts";
import type { Gate } from "./gate.ts";
import type { Form } from "./tiled.ts";

/** A product on subgroup matrices: what its shader is made from; see matrix.ts. */
export interface MatrixVariant {
  form: Form;
  unit: MatrixUnit;
  tile: MatrixTileName;
  /** C is written from the matrices themselves: float32, no edge in any tile and nothing to add or to scale. */
  direct: boolean;
  /** C is f16; never direct. */
  half: boolean;
  /** The row length of C is a multiple of four. */
  vectors: boolean;
  bias: boolean;
  accumulate: boolean;
  /**
   * Slices of k that are on their way to registers while one is multiplied. More than one were never timed.
   *
   * @defaultValue 1
   */
  ahead?: number;
  /**
   * What becomes of C before it is written as f16; see gate.ts.
   *
   * @defaultValue it is written as it is
   */
  gate?: Gate;
  /**
   * How C leaves the matrices, if not directly; see epilogue.ts.
   *
   * @defaultValue as usual
   */
  epilogue?: Epilogue;
}

export interface MatrixTile {
  /** Rows and columns of C of a workgroup. */
  m: number;
  n: number;
  /** The slice of k that is in workgroup memory at a time. */
  k: number;
  /** Subgroups along the rows and along the columns. */
  down: number;
  across: number;
}

/*
 * Floats of sums a lane of 32, operands read from workgroup memory for each multiplication of a subgroup, and memory (16 x 16
 * x 16 units, C through the stage, nt form):
 *
 *   256x128, 128x256   8 subgroups of 64 x 64    128 floats   1/32 halves   48 KiB
 *   128x128            4 subgroups of 64 x 64    128 floats   1/32 halves   29 KiB
 *   64x64              4 subgroups of 32 x 32     32 floats   1/16 halves   15 KiB
 *
 * What was tried beside them on an H200 and lost: benchmarks/results/nvidia-h200-16-cores/kernels.md.
 */
export const matrixTiles = {
  "256x128": { m: 256, n: 128, k: 32, down: 4, across: 2 },
  "128x256": { m: 128, n: 256, k: 32, down: 2, across: 4 },
  "128x128": { m: 128, n: 128, k: 32, down: 2, across: 2 },
  "64x64": { m: 64, n: 64, k: 32, down: 2, across: 2 },
} as const satisfies Record<string, MatrixTile>;
export type MatrixTileName = keyof typeof matrixTiles;

export const subgroupsOf = (tile: MatrixTileName): number => matrixTiles[tile].down * matrixTiles[tile].across;

/**
 * How C leaves the matrices that hold it, if it is f16, has edges or is more than a product: each subgroup writes some of its
 * matrices to a stage of its own in workgroup memory and from there, row by row, to C. The usual panel is as wide as half of a subgroup's
 * part, 32 columns at most, and a strip of matrices high; two barriers a panel. Other ways to cut it, by the name that
 * `variants: { epilogue: name }` of the backend forces. None of them was timed; what a device has too little memory for stays as usual.
 */
export const epilogues = {
  /** Panels of one matrix: the least workgroup memory. */
  narrow: "a panel is a matrix wide",
  /** Panels as wide as a subgroup's part: whole rows of it in one go, half of the barriers. */
  wide: "a panel is as wide as a subgroup's part",
  /** Two strips of matrices to a panel: half of the barriers. */
  tall: "a panel is two matrices high",
  /** Two stages in turn: one barrier a panel. */
  turns: "two stages in turn",
  /** Eight halves of C to a store where there are four. */
  sixteen: "16 bytes a store",
} as const;
export type Epilogue = keyof typeof epilogues;
