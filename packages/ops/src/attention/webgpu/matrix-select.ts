import type { Capabilities } from "../../webgpu/host.ts";
import { chooseUnit, type MatrixUnit, type UnitCapabilities } from "../../webgpu/matrix.ts";
import type { KernelVariant } from "../../webgpu/variant.ts";
import { attentionTiles } from "./select.ts";

/** Tiles of the attention on subgroup matrices; see webgpu-matrix.ts. */
export interface AttentionMatrixVariant {
  unit: MatrixUnit;
  own: 64 | 32;
  other: 64 | 32 | 16;
  /** Tiles of keys whose scores the forward pass keeps in registers, or 0. */
  held: number;
  headDim: number;
  mask: boolean;
  dropout: boolean;
  /** Tensors that are f16: what is read, and what is written. */
  halves: { qkv: boolean; dy: boolean; out: boolean };
}

export type Direction = "forward" | "query" | "key";

/** Halves from row to row of a tile of the head, and of the probabilities; floats from row to row of the scores. */
export const tileStride = (headDim: number) => headDim + 8;
export const weightStride = (other: number) => other + 8;
export const stageStride = (other: number) => other + 4;

/** Bytes of workgroup memory; `backward` is both roles in one. */
export const attentionMatrixBytes = (
  direction: Direction | "backward",
  v: Pick<AttentionMatrixVariant, "unit" | "own" | "other" | "headDim">,
): number => {
  const invocations = 4 * v.unit.subgroup;
  const { own, other, headDim } = v;
  const tiles = direction === "forward" ? 1 : 2;
  const weights = direction === "key" || direction === "backward" ? 2 : 1;
  // The maximum and the sum of each share of a row, or `lse` and `delta`.
  const rows = { forward: Math.max(own, invocations), query: own, key: other, backward: Math.max(own, other) };
  const stats = 8 * rows[direction];
  return (
    tiles * (own + other) * tileStride(headDim) * 2 +
    weights * own * weightStride(other) * 2 +
    own * stageStride(other) * 4 +
    stats
  );
};

/** In the order to be tried. */
const attentionMatrixTiles = [
  [64, 64],
  [64, 32],
  [64, 16],
  [32, 32],
  [32, 16],
] as const;

/** Keys whose scores fit registers: 64 floats of each of 128 invocations that have 64 rows of them. */
const heldKeys = 128;

const allTiers = ["float32", "float16", "matrix"] as const;

/** Tiles of attention by the names that `variants: { attention: name }` of the backend forces, for a sweep on a device. */
export const attentionVariants = (): KernelVariant[] => [
  ...Object.keys(attentionTiles).map((tile) => ({ name: `tiled.${tile}`, tiers: allTiers })),
  ...attentionMatrixTiles.map(([own, other]) => ({ name: `matrix.${own}x${other}`, tiers: ["matrix"] as const })),
];
/** Tiles that fit, the ones asked for by name first, or undefined if the device has no unit for heads of this width or too little workgroup memory. */
export const selectAttentionMatrix = (
  direction: Direction,
  capabilities: UnitCapabilities & Pick<Capabilities, "limits">,
  shape: { seq: number; headDim: number; mask: boolean; dropout: boolean },
): AttentionMatrixVariant | undefined => {
  const unit = chooseUnit(capabilities);
  const forced = capabilities.variants.attention;
  if (!unit || forced?.startsWith("tiled")) return undefined;
  const { seq, headDim, mask, dropout } = shape;
  if (headDim % unit.k !== 0 || headDim % unit.n !== 0 || headDim % 4 !== 0) return undefined;
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup } = capabilities.limits;
  if (4 * unit.subgroup > maxComputeInvocationsPerWorkgroup) return undefined;
  const isForced = ([own, other]: readonly [number, number]) => forced === `matrix.${own}x${other}`;
  for (const tile of [...attentionMatrixTiles.filter(isForced), ...attentionMatrixTiles]) {
    const [own, other] = tile;
    if (!isForced(tile) && other > Math.max(32, seq)) continue;
    if ((own / 4) % unit.m !== 0 || other % unit.n !== 0 || other % unit.k !== 0) continue;
    if (attentionMatrixBytes(direction, { unit, own, other, headDim }) > maxComputeWorkgroupStorageSize) continue;
    const passes = Math.ceil(seq / other);
    const held = direction === "forward" && passes * other <= heldKeys ? passes : 0;
    return { unit, own, other, held, headDim, mask, dropout, halves: { qkv: false, dy: false, out: false } };
  }
  return undefined;
};
