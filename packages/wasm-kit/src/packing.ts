import { KC, MR, NR, TILE_BYTES } from "./layout.ts";

const roundUp = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

/** Bytes of packing space that the product m x n x k of one thread needs (`gemm` in `assembly/gemm.ts`). */
export const gemmScratch = (m: number, n: number, k: number): number =>
  TILE_BYTES + (roundUp(m, MR) + roundUp(n, NR)) * Math.min(k, KC) * 4;
