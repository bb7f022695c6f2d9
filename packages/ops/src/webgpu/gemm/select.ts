import type { Capabilities } from "../host.ts";
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
