import type { Capabilities } from "../webgpu/host.ts";

/** Tiles of the fused attention that need no matrix units. `own` rows stay with a workgroup, `other` rows pass by. */
export interface AttentionVariant {
  /** Rows of the workgroup's own tile and of the passing one. */
  own: number;
  other: number;
  headDim: number;
  /** Type of the tiles in workgroup memory; sums are float32. */
  operand: "f32" | "f16";
  /** headDim is a multiple of four. */
  vectors: boolean;
  mask: boolean;
  dropout: boolean;
}

/** Rows of the own tile that an invocation works on, and invocations that share a row. */
export const rowsEach = 4;
export const sharers = 8;

/** Vectors of four of a row in workgroup memory: one more than needed, which spreads rows over the banks. */
export const paddedVectors = (headDim: number): number => Math.ceil(headDim / 4) + 1;

/** Largest first. */
export const attentionTiles = [
  [64, 32],
  [32, 32],
  [32, 16],
  [16, 16],
  [16, 8],
  [8, 8],
  [4, 4],
] as const;

/** Bytes of workgroup memory of one direction. */
function attentionBytes(
  direction: "forward" | "query" | "key",
  { own, other, headDim, operand }: Pick<AttentionVariant, "own" | "other" | "headDim" | "operand">,
): number {
  const row = paddedVectors(headDim) * (operand === "f16" ? 8 : 16);
  const scores = own * (other + 1) * 4;
  if (direction === "forward") return (own + other) * row + scores + 3 * own * 4;
  return 2 * (own + other) * row + (direction === "key" ? 2 : 1) * scores + 2 * Math.max(own, other) * 4;
}

/** The tiles that are asked for by name, or the largest ones that fit into workgroup memory; throws where none does. */
export function selectAttention(
  direction: "forward" | "query" | "key",
  capabilities: Pick<Capabilities, "tier" | "limits" | "variants">,
  shape: { seq: number; headDim: number; mask: boolean; dropout: boolean },
): AttentionVariant {
  const { seq, headDim, mask, dropout } = shape;
  const operand = capabilities.tier === "float32" ? "f32" : "f16";
  const limit = capabilities.limits.maxComputeWorkgroupStorageSize;
  const useful = attentionTiles.filter(([own]) => own <= Math.max(4, seq));
  const fits = ([own, other]: readonly [number, number]) =>
    attentionBytes(direction, { own, other, headDim, operand }) <= limit;
  const forced = useful.find(([own, other]) => capabilities.variants.attention === `tiled.${own}x${other}`);
  const fitting = forced && fits(forced) ? forced : useful.find(fits);
  if (!fitting)
    throw new RangeError(
      `attention: expected heads of a width that fits ${limit} bytes of workgroup memory, got ${headDim}; use more heads`,
    );
  const [own, other] = fitting;
  return { own, other, headDim, operand, vectors: headDim % 4 === 0, mask, dropout };
}
