import { padded } from "../half.ts";
import type { Capabilities } from "../host.ts";
import { chooseUnit } from "../matrix.ts";
import { type MatrixVariant, matrixBytes, sliceK } from "./matrix.ts";
import { type Form, type TiledVariant, tiles } from "./tiled.ts";

export interface GemmShape {
  form: Form;
  m: number;
  n: number;
  k: number;
  bias?: boolean;
  accumulate?: boolean;
}

/** A variant, and over how many workgroups along z the contraction is divided (their sums are added in order). */
export interface TiledChoice {
  variant: TiledVariant;
  splits: number;
  kPerGroup: number;
}

/** Workgroups that keep a large GPU busy: about one for each of its processors. */
const busy = 128;

/** The largest tile that still makes enough workgroups. */
export function selectTiled(capabilities: Pick<Capabilities, "tier" | "variants">, shape: GemmShape): TiledChoice {
  const { form, m, n, k, bias = false, accumulate = false } = shape;
  const groups = (tile: TiledVariant["tile"]) => Math.ceil(m / tiles[tile].m) * Math.ceil(n / tiles[tile].n);
  const forced = capabilities.variants.gemm as TiledVariant["tile"] | undefined;
  const tile =
    forced && forced in tiles
      ? forced
      : groups("128x128") >= busy && k >= 64
        ? "128x128"
        : groups("64x64") >= busy / 2 || (k >= 2048 && m >= 64 && n >= 64)
          ? "64x64"
          : "32x32";
  const splits = divide(groups(tile), k);
  const kPerGroup = Math.ceil(k / splits / tiles[tile].k) * tiles[tile].k;
  const whole = splits === 1;
  return {
    splits: Math.ceil(k / kPerGroup),
    kPerGroup,
    variant: {
      form,
      tile,
      operand: capabilities.tier === "float32" ? "f32" : "f16",
      vectors: { a: (form === "tn" ? m : k) % 4 === 0, b: (form === "nt" ? k : n) % 4 === 0, c: n % 4 === 0 },
      edges: m % tiles[tile].m !== 0 || n % tiles[tile].n !== 0 || k % tiles[tile].k !== 0,
      bias: bias && whole,
      accumulate: accumulate && whole,
    },
  };
}

/** A long contraction with few tiles is divided, so that the device has something to do. */
const divide = (groups: number, k: number): number =>
  groups >= busy / 2 || k < 1024 ? 1 : Math.max(1, Math.min(Math.ceil(busy / groups), Math.floor(k / 512), 16));

export interface MatrixChoice {
  variant: MatrixVariant;
  splits: number;
  kPerGroup: number;
}

/** Multiplications below which making f16 copies costs more than matrix units save. */
const worthCopies = 64 * 64 * 64;

/** A product on subgroup matrices, or undefined where the tier, the unit, the memory or the size speak against it. */
export function selectMatrix(
  capabilities: Pick<Capabilities, "tier" | "variants" | "matrix" | "matrixSpelling" | "subgroupMaxSize" | "limits">,
  shape: GemmShape & { alpha?: number },
): MatrixChoice | undefined {
  const { form, m, n, k, bias = false, accumulate = false, alpha = 1 } = shape;
  const forced = capabilities.variants.gemm;
  const unit = chooseUnit(capabilities);
  if (!unit || (forced !== undefined && !forced.startsWith("matrix"))) return undefined;
  if (forced === undefined && m * n * k < worthCopies) return undefined;
  const { limits } = capabilities;
  if (4 * unit.subgroup > limits.maxComputeInvocationsPerWorkgroup) return undefined;
  const groups = (tile: number) => Math.ceil(m / tile) * Math.ceil(n / tile);
  const fits = (tile: 128 | 64) =>
    matrixBytes({ form, tile, unit, direct: false }) <= limits.maxComputeWorkgroupStorageSize;
  const wanted =
    forced === "matrix.128x128"
      ? 128
      : forced === "matrix.64x64"
        ? 64
        : m > 64 && n > 64 && groups(128) >= busy / 2
          ? 128
          : 64;
  const tile = wanted === 128 && m > 64 && n > 64 && fits(128) ? 128 : 64;
  if (!fits(tile)) return undefined;
  const splits = divide(groups(tile), padded(k));
  const kPerGroup = Math.ceil(padded(k) / splits / sliceK) * sliceK;
  const whole = splits === 1;
  const exact = m % tile === 0 && n % tile === 0;
  const plain = !whole || (!bias && !accumulate && alpha === 1);
  return {
    splits: Math.ceil(padded(k) / kPerGroup),
    kPerGroup,
    variant: { form, unit, tile, direct: exact && plain, bias: bias && whole, accumulate: accumulate && whole },
  };
}
