import type { Capabilities } from "../../webgpu/host.ts";

/** The fused attention that needs no matrix units; see webgpu-tiled.ts. */
export interface AttentionVariant {
  tile: AttentionTileName;
  headDim: number;
  /** Type of the rows in workgroup memory; sums are float32. */
  operand: "f32" | "f16";
  /** headDim is a multiple of four. */
  vectors: boolean;
  mask: boolean;
  dropout: boolean;
}

export interface AttentionTile {
  /** Rows that stay with a workgroup, and rows of the other side that are with it at a time. */
  own: number;
  other: number;
  /** Scores of an invocation: own rows by passing rows. Columns are a multiple of four. */
  rows: number;
  columns: number;
}

/*
 * Multiplications a vector read from workgroup memory (scores / sums of a head of 64), registers of sums and scores in the
 * three directions, memory in float32, and warps that 65,536 registers (40 more an invocation for operands and places) and 228
 * KiB leave to a multiprocessor. 64x64.4x8 was measured on an H200 (18 to 22 TFLOP/s), the others were only counted:
 *
 *                invocations   reuse         forward, query, key     memory (forward)    warps
 *   64x64.4x8    128           10.7 / 10.7    64    96   128         34 KiB (36)         16   12   12
 *   64x64.4x4    256            8   /  8      32    48    64         34 KiB (38)         24   16   16
 *   64x64.8x8     64           16   / 16     128   192   256         34 KiB (36)         12    8    6, and it spills
 *   64x32.4x4    128            8   / 10.7    48    64    96         26 KiB (28)         20   16   12
 *   64x32.8x4     64           10.7 / 16      96   128   192         26 KiB (28)         14   12    8
 *   32x64.4x8     64           10.7 / 10.7    64    96   128         26 KiB (27)         16   14   12
 *   32x32.4x4     64            8   / 10.7    48    64    96         17 KiB (18)         22   18   14
 *
 * A product of 16 multiplications a read keeps an H100 busy, one of 8 half of it if reads are all that it waits for. The
 * smaller ones are for short sequences, for wide heads and for 16 KiB.
 */
export const attentionTiles = {
  "64x64.4x8": { own: 64, other: 64, rows: 4, columns: 8 },
  "64x64.4x4": { own: 64, other: 64, rows: 4, columns: 4 },
  "64x64.8x8": { own: 64, other: 64, rows: 8, columns: 8 },
  "64x32.4x4": { own: 64, other: 32, rows: 4, columns: 4 },
  "64x32.8x4": { own: 64, other: 32, rows: 8, columns: 4 },
  "32x64.4x8": { own: 32, other: 64, rows: 4, columns: 8 },
  "32x32.4x4": { own: 32, other: 32, rows: 4, columns: 4 },
  "32x16.4x4": { own: 32, other: 16, rows: 4, columns: 4 },
  "16x16.2x4": { own: 16, other: 16, rows: 2, columns: 4 },
  "8x8.1x4": { own: 8, other: 8, rows: 1, columns: 4 },
  "4x4.1x4": { own: 4, other: 4, rows: 1, columns: 4 },
} as const satisfies Record<string, AttentionTile>;
type AttentionTileName = keyof typeof attentionTiles;

/** In the order to be tried, by the count above; the others have to be asked for. */
const order = [
  "64x64.4x8",
  "64x32.4x4",
  "32x32.4x4",
  "32x16.4x4",
  "16x16.2x4",
  "8x8.1x4",
  "4x4.1x4",
] as const satisfies readonly AttentionTileName[];

/** Vectors of four from row to row in workgroup memory: one more than needed, which spreads rows over the banks. */
export const paddedVectors = (headDim: number): number => Math.ceil(headDim / 4) + 1;

/** Vectors of workgroup memory: own rows, passing rows, and the weights apart from the own rows if types differ. */
export const attentionVectors = ({
  tile,
  headDim,
  operand,
}: Pick<AttentionVariant, "tile" | "headDim" | "operand">) => {
  const { own, other } = attentionTiles[tile];
  const [rows, weights] = [own * paddedVectors(headDim), (own * other) / 4];
  const passing = other * paddedVectors(headDim);
  return operand === "f32"
    ? { own: Math.max(rows, weights), other: passing, weights: 0 }
    : { own: rows, other: passing, weights };
};

/** Bytes of workgroup memory of one direction. */
export const attentionBytes = (
  direction: "forward" | "query" | "key",
  v: Pick<AttentionVariant, "tile" | "headDim" | "operand">,
): number => {
  const { own, other, weights } = attentionVectors(v);
  const tile = attentionTiles[v.tile];
  const sharers = tile.other / tile.columns;
  // Of the backward pass a float an invocation.
  const partial = 4 * sharers * (direction === "forward" ? tile.own : tile.own / tile.rows);
  return (own + other) * (v.operand === "f16" ? 8 : 16) + weights * 16 + partial;
};

/** The tile that is asked for by name, or the first that fits workgroup memory; throws if none does. */
export const selectAttention = (
  direction: "forward" | "query" | "key",
  capabilities: Pick<Capabilities, "tier" | "limits" | "variants">,
  shape: { seq: number; headDim: number; mask: boolean; dropout: boolean },
): AttentionVariant => {
  const { seq, headDim, mask, dropout } = shape;
  const operand = capabilities.tier === "float32" ? "f32" : "f16";
  const { maxComputeWorkgroupStorageSize: limit, maxComputeInvocationsPerWorkgroup } = capabilities.limits;
  const fits = (tile: AttentionTileName) => {
    const { own, other, rows, columns } = attentionTiles[tile];
    return (
      attentionBytes(direction, { tile, headDim, operand }) <= limit &&
      (own / rows) * (other / columns) <= maxComputeInvocationsPerWorkgroup
    );
  };
  const forced = capabilities.variants.attention?.replace("tiled.", "") as AttentionTileName | undefined;
  const useful = order.filter((tile) => attentionTiles[tile].own <= Math.max(8, seq));
  const tile = forced && forced in attentionTiles && fits(forced) ? forced : useful.find(fits);
  if (!tile)
    throw new RangeError(
      `attention: expected heads of a width that fits ${limit} bytes of workgroup memory, got ${headDim}; use more heads`,
    );
  return { tile, headDim, operand, vectors: headDim % 4 === 0, mask, dropout };
};
