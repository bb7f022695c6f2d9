import { padded } from "../half.ts";
import type { Capabilities } from "../host.ts";
import { chooseUnit, type UnitCapabilities } from "../matrix.ts";
import { askedSubgroupSize } from "../subgroup-size.ts";
import type { KernelVariant } from "../variant.ts";
import { withEpilogue } from "./epilogue.ts";
import { matrixBytes } from "./matrix.ts";
import { epilogues, type MatrixTileName, type MatrixVariant, matrixTiles, subgroupsOf } from "./matrix-variant.ts";
import { type Form, invocationsOf, type TiledVariant, tiledBytes, tiles } from "./tiled.ts";

export interface GemmShape {
  form: Form;
  m: number;
  n: number;
  k: number;
  /**
   * Whether a bias is added.
   *
   * @defaultValue `false`
   */
  bias?: boolean;
  /**
   * Whether the product is added to C.
   *
   * @defaultValue `false`
   */
  accumulate?: boolean;
  /**
   * C is to be f16, which only matrices write.
   *
   * @defaultValue `false`
   */
  half?: boolean;
}

/** A variant, and over how many workgroups along z the contraction is divided (their sums are added in order). */
export interface TiledChoice {
  variant: TiledVariant;
  splits: number;
  kPerGroup: number;
}

/** Workgroups of a tile that a large GPU works on at a time: two of 128 x 128 for each of its processors, one of what is larger. */
const placesOf = ({ m, n }: { m: number; n: number }): number => (m * n > 128 * 128 ? 128 : 256);
const maxSplits = (k: number) => (k < 1024 ? 1 : Math.min(Math.floor(k / 512), 16));

/** Whether a tile makes enough workgroups, with the contraction divided if it is long. */
const fills = (groups: number, k: number): boolean => groups * maxSplits(k) >= 128;

/**
 * Into how many parts to divide a contraction. Groups run in rounds, all places at a time: few tiles leave places empty, and a
 * last round of a few groups takes as long as a full one. Parts even that out and cost the traffic of their partial sums,
 * which next to the products is about `256 / k` a part: an estimate, so it must promise something.
 */
const divide = (groups: number, k: number, places: number): number => {
  const time = (splits: number) =>
    Math.ceil((groups * splits) / places) / splits + (splits > 1 ? (splits * groups * 256) / (places * k) : 0);
  let best = 1;
  for (let splits = 2; splits <= maxSplits(k); splits++) if (time(splits) < time(best)) best = splits;
  return time(best) < 0.85 * time(1) ? best : 1;
};

/** The parts that are asked for by name or that pay, as long as their partial sums can be bound. */
const splitsOf = (
  { variants, limits }: Pick<Capabilities, "variants" | "limits">,
  { m, n }: GemmShape,
  groups: number,
  k: number,
  places: number,
): number => {
  const most = Math.max(1, Math.floor(limits.maxStorageBufferBindingSize / (m * n * 4)));
  return Math.min(Number(variants.gemmSplits) || divide(groups, k, places), most);
};

/**
 * Into how many parts to divide the contractions of products that one dispatch computes: by the same rule, for the tiles of all. What few
 * tiles leave empty is filled by the other products', so that a group of a model's weights needs no parts.
 */
export const splitsTogether = (
  capabilities: Pick<Capabilities, "variants" | "limits">,
  products: readonly { m: number; n: number; k: number }[],
  tile: { m: number; n: number },
): number => {
  const groups = products.reduce((sum, { m, n }) => sum + Math.ceil(m / tile.m) * Math.ceil(n / tile.n), 0);
  const wanted =
    Number(capabilities.variants.gemmSplits) || divide(groups, Math.min(...products.map(({ k }) => k)), placesOf(tile));
  const most = products.map(({ m, n }) => Math.floor(capabilities.limits.maxStorageBufferBindingSize / (m * n * 4)));
  return Math.max(1, Math.min(wanted, ...most));
};

/**
 * Bytes of workgroup memory from which a device is taken to have registers for 128 sums an invocation, too: 48 KiB, which
 * NVIDIA's have, while Apple's have 32. No device says how many registers it has.
 */
const registersFor128Sums = 49152;

/** The largest tile that still makes enough workgroups. */
export const selectTiled = (
  capabilities: Omit<UnitCapabilities, "matrix" | "matrixSpelling"> & Pick<Capabilities, "limits">,
  shape: GemmShape,
): TiledChoice => {
  const { form, m, n, k, bias = false, accumulate = false } = shape;
  const groups = (tile: TiledVariant["tile"]) => Math.ceil(m / tiles[tile].m) * Math.ceil(n / tiles[tile].n);
  const forced = capabilities.variants.gemm as TiledVariant["tile"] | undefined;
  const tile =
    forced && forced in tiles
      ? forced
      : m > 64 && n > 64 && k >= 64 && fills(groups("128x128"), k)
        ? capabilities.limits.maxComputeWorkgroupStorageSize >= registersFor128Sums
          ? "128x128.tall"
          : "128x128"
        : m > 32 && n > 32 && fills(2 * groups("64x64"), k)
          ? "64x64"
          : "32x32";
  const splits = splitsOf(capabilities, shape, groups(tile), k, placesOf(tiles[tile]));
  const kPerGroup = Math.ceil(k / splits / tiles[tile].k) * tiles[tile].k;
  const whole = splits === 1;
  const operand = capabilities.tier === "float32" ? "f32" : "f16";
  const subgroupSize = askedSubgroupSize(capabilities);
  const spread =
    tiledBytes({ tile, operand, spread: true }) <= capabilities.limits.maxComputeWorkgroupStorageSize && form !== "tn";
  return {
    splits: Math.ceil(k / kPerGroup),
    kPerGroup,
    variant: {
      form,
      tile,
      operand,
      spread,
      vectors: { a: (form === "tn" ? m : k) % 4 === 0, b: (form === "nt" ? k : n) % 4 === 0, c: n % 4 === 0 },
      edges: m % tiles[tile].m !== 0 || n % tiles[tile].n !== 0 || k % tiles[tile].k !== 0,
      bias: bias && whole,
      accumulate: accumulate && whole,
      ahead: aheadOf(capabilities),
      ...(subgroupSize && invocationsOf(tile) % subgroupSize === 0 ? { subgroupSize } : {}),
    },
  };
};

/** Slices on their way, if they are asked for by name. */
const aheadOf = ({ variants }: Pick<Capabilities, "variants">): number => Math.min(4, Number(variants.prefetch) || 1);

export interface MatrixChoice {
  variant: MatrixVariant;
  splits: number;
  kPerGroup: number;
}

/** Multiplications below which making f16 copies costs more than matrix units save. */
const worthCopies = 64 * 64 * 64;

/** Tiles by form in the order to be tried, as an H200 was fastest with them. */
const tilesOfForm: Readonly<Record<Form, readonly MatrixTileName[]>> = {
  nt: ["256x128", "128x128"],
  nn: ["128x256", "256x128", "128x128"],
  tn: ["128x128"],
};

/** The tile that is asked for by name, then those that make enough workgroups, in the order to be tried. */
const wantedTiles = (forced: string | undefined, { form, m, n, k }: GemmShape): MatrixTileName[] => {
  const name = forced?.replace("matrix.", "");
  const enough = tilesOfForm[form].filter((name) => {
    const tile = matrixTiles[name];
    const groups = Math.ceil(m / tile.m) * Math.ceil(n / tile.n);
    return m > 64 && n > 64 && fills(name === "128x128" ? 2 * groups : groups, k);
  });
  return [...(name && name in matrixTiles ? [name as MatrixTileName] : []), ...enough, "64x64"];
};

/** A product on subgroup matrices, or undefined if the tier, the unit, the memory or the size speak against it. */
export const selectMatrix = (
  capabilities: UnitCapabilities & Pick<Capabilities, "limits">,
  shape: GemmShape & {
    /** @defaultValue `1` */
    alpha?: number;
  },
): MatrixChoice | undefined => {
  const { form, m, n, k, bias = false, accumulate = false, alpha = 1, half = false } = shape;
  const forced = capabilities.variants.gemm;
  const unit = chooseUnit(capabilities);
  if (!unit || (forced !== undefined && !forced.startsWith("matrix"))) return undefined;
  if (forced === undefined && !half && m * n * k < worthCopies) return undefined;
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = capabilities.limits;
  const fits = (name: MatrixTileName) => {
    const tile = matrixTiles[name];
    // Copies are padded to whole tiles of 64, or of 128 above that.
    return (
      padded(m) % tile.m === 0 &&
      padded(n) % tile.n === 0 &&
      (tile.m / tile.down) % unit.m === 0 &&
      (tile.n / tile.across) % unit.n === 0 &&
      subgroupsOf(name) * unit.subgroup <= maxComputeInvocationsPerWorkgroup &&
      matrixBytes({ form, tile: name, unit, direct: false }) <= maxComputeWorkgroupStorageSize
    );
  };
  const name = wantedTiles(forced, shape).find(fits);
  if (!name) return undefined;
  const tile = matrixTiles[name];
  const groups = Math.ceil(m / tile.m) * Math.ceil(n / tile.n);
  const wanted = splitsOf(capabilities, shape, groups, padded(k), placesOf(tile));
  const kPerGroup = Math.ceil(padded(k) / wanted / tile.k) * tile.k;
  const splits = Math.ceil(padded(k) / kPerGroup);
  const whole = splits === 1;
  const exact = m % tile.m === 0 && n % tile.n === 0;
  const plain = !whole || (!bias && !accumulate && alpha === 1 && !half);
  const variant = {
    ...{ form, unit, tile: name, direct: exact && plain, half: half && whole, vectors: n % 4 === 0 },
    ...{ bias: bias && whole, accumulate: accumulate && whole, ahead: aheadOf(capabilities) },
  };
  return { splits, kPerGroup, variant: epilogueOf(capabilities, variant, n) };
};

/** The variant with the epilogue that is asked for by name, if the device has memory for it; `n` is the row length of C. */
export const epilogueOf = (
  { variants, limits }: Pick<Capabilities, "variants" | "limits">,
  variant: MatrixVariant,
  n: number,
): MatrixVariant => {
  const cut = withEpilogue(variant, variants.epilogue, n);
  return matrixBytes(cut) <= limits.maxComputeWorkgroupStorageSize ? cut : variant;
};

/**
 * Every tile of the products by the name that `variants: { gemm: name }` of the backend forces. If one does not fit a
 * product (its size, the device's memory), the usual choice is made for that one.
 */
export const gemmVariants = (): KernelVariant[] => [
  ...Object.keys(tiles).map((name) => ({ name, tiers: ["float32", "float16"] as const })),
  ...Object.keys(matrixTiles).map((name) => ({ name: `matrix.${name}`, tiers: ["matrix"] as const })),
];

/** Every way for C to leave its matrices, by the name that `variants: { epilogue: name }` forces where the memory of the device allows it. */
export const epilogueVariants = (): KernelVariant[] =>
  Object.keys(epilogues).map((name) => ({ name, tiers: ["matrix"] as const }));
