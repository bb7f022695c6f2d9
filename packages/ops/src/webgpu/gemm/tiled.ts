import { programs } from "../program.ts";
import { range } from "../range.ts";
import { type Gate, gatedRow, gateFunctions, gateName, gateStore } from "./gate.ts";
import { oneProduct, type ProductKernel, severalProducts } from "./products.ts";

/**
 * Register-tiled matrix product for any WebGPU device: C [m, n] = alpha * A B (+ bias) (+ C).
 *
 *   nt   A [m, k], B [n, k]     linear forward:  y = x W^T
 *   nn   A [m, k], B [k, n]     its input:      dx = dy W
 *   tn   A [k, m], B [k, n]     its weight:     dW = dy^T x
 *
 * A workgroup computes a tile of C. Both operands go through workgroup memory with k as the slow axis, so the inner loop
 * reads vectors of four along m and n in all three forms. Every invocation carries one 4 x 4 block of an operand into
 * workgroup memory (transposed on the way if the operand lies along k) and fetches the next one while it multiplies.
 */
export type Form = "nn" | "nt" | "tn";

export interface TiledVariant {
  form: Form;
  tile: TileName;
  /** Type of the operands in workgroup memory; products are accumulated in float32. */
  operand: "f32" | "f16";
  /** The row lengths of A, B and C are multiples of four. */
  vectors: { a: boolean; b: boolean; c: boolean };
  /** Rows of a tile in workgroup memory are a vector apart, which spreads the transposed writes over the banks. */
  spread: boolean;
  /** Some tile reaches over an edge. */
  edges: boolean;
  bias: boolean;
  accumulate: boolean;
  /**
   * Slices of k that are on their way to registers while one is multiplied. More than one were never timed.
   *
   * @defaultValue 1
   */
  ahead?: number;
  /**
   * The size of subgroups that the shader asks for. None was ever timed.
   *
   * @defaultValue what the driver chooses
   */
  subgroupSize?: number;
  /**
   * A matrix like C is added.
   *
   * @defaultValue `false`
   */
  added?: boolean;
  /**
   * What becomes of C before it is written; see gate.ts. Forward only for tiles with eight columns an invocation.
   *
   * @defaultValue it is written as it is
   */
  gate?: Gate;
}

interface Tile {
  m: number;
  n: number;
  k: number;
  /** Rows and columns of C an invocation. */
  rows: number;
  columns: number;
}

/** At most 16 KiB of workgroup memory, if not spread. */
export const tiles = {
  "128x128.tall": { m: 128, n: 128, k: 16, rows: 16, columns: 8 },
  "128x128": { m: 128, n: 128, k: 16, rows: 8, columns: 8 },
  "64x64": { m: 64, n: 64, k: 32, rows: 4, columns: 4 },
  "32x32": { m: 32, n: 32, k: 16, rows: 4, columns: 4 },
} as const satisfies Record<string, Tile>;
type TileName = keyof typeof tiles;

export const tiledKey = (v: TiledVariant): string => {
  const flags = [v.vectors.a ? "a4" : "a1", v.vectors.b ? "b4" : "b1", v.vectors.c ? "c4" : "c1"];
  if (v.spread) flags.push("spread");
  if (v.edges) flags.push("edges");
  if (v.bias) flags.push("bias");
  if (v.accumulate) flags.push("accumulate");
  if (v.added) flags.push("added");
  if (v.gate) flags.push(gateName(v.gate));
  if (v.ahead && v.ahead > 1) flags.push(`ahead${v.ahead}`);
  if (v.subgroupSize) flags.push(`sg=${v.subgroupSize}`);
  return `gemm.${v.form}.tiled.${v.operand}.${v.tile}.${flags.join("-")}`;
};

/** Vectors of four from row to row of a tile in workgroup memory; only writes that transpose need them apart. */
const strideOf = (v: TiledVariant, length: number, alongK: boolean) => length / 4 + (v.spread && alongK ? 1 : 0);

/** Bytes of workgroup memory of the tiles at most. */
export const tiledBytes = ({ tile, operand, spread }: Pick<TiledVariant, "tile" | "operand" | "spread">): number => {
  const { m, n, k } = tiles[tile];
  return k * (m / 4 + n / 4 + (spread ? 2 : 0)) * (operand === "f16" ? 8 : 16);
};

/** Invocations of a workgroup. */
export const invocationsOf = (tile: TileName): number => {
  const { m, n, rows, columns } = tiles[tile];
  return (m / rows) * (n / columns);
};

/** The shader of a variant. Uniforms: m, n, k, alpha, and kPerGroup, the part of k that one workgroup along z covers. */
export const tiledProgram = /* @__PURE__ */ programs(tiledKey, (v) => oneProduct(tiledKernel(v)));

/** The same for several products, side by side; see {@link severalProducts}. */
export const tiledProductsProgram = /* @__PURE__ */ programs(
  (v: TiledVariant, products: number) => `${tiledKey(v)}.together${products}`,
  (v, products) => severalProducts(tiledKernel(v), products),
);

function tiledKernel(v: TiledVariant): ProductKernel {
  const tile: Tile = tiles[v.tile];
  const [down, across] = [tile.m / tile.rows, tile.n / tile.columns];
  const size = invocationsOf(v.tile);
  const vector = v.operand === "f16" ? "vec4<f16>" : "vec4<f32>";
  const rows = range(tile.rows);
  const [rowQuads, columnQuads] = [range(tile.rows / 4), range(tile.columns / 4)];
  const strideA = strideOf(v, tile.m, v.form !== "tn");
  const strideB = strideOf(v, tile.n, v.form === "nt");
  const slots = slotsOf(tile, size);
  const stages = range(v.ahead ?? 1);
  /** The registers of a stage: 0 is what is multiplied next. */
  const block = (slot: number, stage = 0) => `f${stage === 0 ? "" : `${stage}_`}${slot}`;

  const step = (k: string) => [
    ...rowQuads.map((i) => `let a${i} = ${widen(v, `tileA[${k} * ${strideA}u + row + ${i * down}u]`)};`),
    ...columnQuads.map((j) => `let b${j} = ${widen(v, `tileB[${k} * ${strideB}u + column + ${j * across}u]`)};`),
    ...rows.flatMap((i) =>
      columnQuads.map((j) => `c${i}_${j} = fma(vec4<f32>(a${i >> 2}.${"xyzw"[i & 3]}), b${j}, c${i}_${j});`),
    ),
  ];
  // Written out, the large tiles are 10 % faster on an H200 than in a loop; for small ones it only takes longer to compile.
  const inner =
    tile.m * tile.n < 128 * 128
      ? `for (var k = 0u; k < ${tile.k}u; k++) {\n${step("k").join("\n")}\n}`
      : range(tile.k)
          .map((k) => `{\n${step(`${k}u`).join("\n")}\n}`)
          .join("\n");
  const paired = v.gate?.pass === "forward";
  const stores = (suffix: string) =>
    rows.flatMap((i) =>
      paired
        ? [`store${suffix}(m0 + row * 4u + ${(i >> 2) * down * 4 + (i & 3)}u, n0 + column * 4u, c${i}_0, c${i}_1);`]
        : columnQuads.map((j) => {
            const m = `m0 + row * 4u + ${(i >> 2) * down * 4 + (i & 3)}u`;
            const n = `n0 + column * 4u + ${j * across * 4}u`;
            return `store${suffix}(${m}, ${n}, first, c${i}_${j});`;
          }),
    );
  return {
    enable: v.operand === "f16" ? ["f16"] : [],
    ...(v.subgroupSize ? { subgroupSize: v.subgroupSize } : {}),
    storage: {
      a: ["read", v.vectors.a ? "vec4<f32>" : "f32"],
      b: ["read", v.vectors.b ? "vec4<f32>" : "f32"],
      ...(v.bias ? { bias: ["read", "f32"] as const } : {}),
      ...(v.added ? { added: ["read", v.vectors.c ? "vec4<f32>" : "f32"] as const } : {}),
      ...(v.gate?.pass === "backward" ? { inner: ["read", "vec4<f32>"] as const } : {}),
      c: ["write", v.vectors.c ? "vec4<f32>" : "f32"],
      ...(paired ? { gated: ["write", "vec4<f32>"] as const } : {}),
    },
    uniforms: { m: "u32", n: "u32", k: "u32", kPerGroup: "u32", alpha: "f32" },
    size,
    declare: [
      `var<workgroup> tileA: array<${vector}, ${tile.k * strideA}>;`,
      `var<workgroup> tileB: array<${vector}, ${tile.k * strideB}>;`,
      v.gate ? gateFunctions(v.gate) : "",
      "struct Block { r0: vec4<f32>, r1: vec4<f32>, r2: vec4<f32>, r3: vec4<f32> }",
    ].join("\n"),
    functions: (suffix) =>
      [
        fetchFunction(`fetchA${suffix}`, `a${suffix}`, v.vectors.a, v.edges),
        fetchFunction(`fetchB${suffix}`, `b${suffix}`, v.vectors.b, v.edges),
        storeFunction(v, suffix),
      ].join("\n"),
    tile,
    body: (suffix) => `
let m0 = tileY * ${tile.m}u;
let n0 = tileX * ${paired ? tile.n / 2 : tile.n}u;
let kFirst = part * uniforms.kPerGroup${suffix};
let kEnd = min(uniforms.k${suffix}, kFirst + uniforms.kPerGroup${suffix});
let kLast = kFirst + (kEnd - kFirst - 1u) / ${tile.k}u * ${tile.k}u;
// Neighbours share as much of both operands as they can: every 32 of them are a block of 4 x 8.
let column = lane / 32u % ${across / 8}u * 8u + lane % 8u;
let row = lane / ${across * 4}u * 4u + lane % 32u / 8u;
${rows.flatMap((i) => columnQuads.map((j) => `var c${i}_${j} = vec4<f32>();`)).join("\n")}
${stages.flatMap((stage) => slots.map((_, s) => `var ${block(s, stage)}: Block;`)).join("\n")}
${stages
  .flatMap((stage) => {
    const from = stage === 0 ? "kFirst" : `min(kFirst + ${stage * tile.k}u, kLast)`;
    return slots.map((slot, s) => fetchBlock(v, suffix, tile, slot, block(s, stage), from));
  })
  .join("\n")}
for (var k0 = kFirst; k0 < kEnd; k0 = k0 + ${tile.k}u) {
${slots.map((slot, s) => keepBlock(v, tile, slot, block(s))).join("\n")}
${stages
  .slice(1)
  .flatMap((stage) => slots.map((_, s) => `  ${block(s, stage - 1)} = ${block(s, stage)};`))
  .join("\n")}
  workgroupBarrier();
  // The last slice once more at the end: without a condition the tn form is 9 % faster on an H200, the others within 3 %.
  let next = min(k0 + ${stages.length * tile.k}u, kLast);
${slots.map((slot, s) => fetchBlock(v, suffix, tile, slot, block(s, stages.length - 1), "next")).join("\n")}
${inner}
  workgroupBarrier();
}
let first = part * uniforms.m${suffix} * uniforms.n${suffix};
${stores(suffix).join("\n")}`,
  };
}

const widen = (v: TiledVariant, text: string) => (v.operand === "f16" ? `vec4<f32>(${text})` : text);

/** Four rows of four elements of a row-major operand, zero beyond its edges. */
const fetchFunction = (name: string, array: string, vectors: boolean, edges: boolean): string => {
  const scalars = [0, 1, 2, 3].map((e) => `${array}[at + ${e}u]`);
  const checked = scalars
    .map((text, e) => `if (column + ${e}u < width) { value.${"xyzw"[e]} = ${text}; }`)
    .join("\n  ");
  const row = vectors
    ? `  ${edges ? "if (row >= height || column >= width) { return vec4<f32>(); }\n  " : ""}return ${array}[(row * width + column) / 4u];`
    : `  ${edges ? "if (row >= height) { return vec4<f32>(); }\n  " : ""}let at = row * width + column;
  ${edges ? `var value = vec4<f32>();\n  ${checked}\n  return value;` : `return vec4<f32>(${scalars.join(", ")});`}`;
  return `fn ${name}Row(row: u32, column: u32, height: u32, width: u32) -> vec4<f32> {
${row}
}
fn ${name}(row: u32, column: u32, height: u32, width: u32) -> Block {
  return Block(${[0, 1, 2, 3].map((i) => `${name}Row(row + ${i}u, column, height, width)`).join(", ")});
}`;
};

/**
 * Which block of the tile an invocation carries. If the operand lies along k, two neighbours take the 32 bytes of a row and
 * the next two those of the block below: memory is read by whole sectors, and with rows spread by a vector the eight
 * invocations that write at a time meet different banks. Otherwise blocks follow the contiguous axis.
 */
const blockOf = (alongK: boolean, length: number, block: string): { k: string; row: string } =>
  alongK
    ? { k: `(${block} % 2u + ${block} / ${length / 2}u * 2u)`, row: `${block} / 2u % ${length / 4}u` }
    : { k: `${block} / ${length / 4}u`, row: `${block} % ${length / 4}u` };

/** One of the 4 x 4 blocks that an invocation carries: of A, of B, or of one of them by its number. */
interface Slot {
  a?: string;
  b?: string;
  /** Whether the invocation has a block of A (if both are possible), or any at all. */
  condition?: string;
}

/** Blocks of A, then of B, dealt out to `size` invocations in rounds. */
const slotsOf = ({ m, n, k }: Tile, size: number): Slot[] => {
  const [blocksOfA, blocks] = [(m * k) / 16, ((m + n) * k) / 16];
  return range(Math.ceil(blocks / size)).map((round): Slot => {
    const [from, to] = [round * size, (round + 1) * size];
    const a = `(lane + ${from}u)`;
    const b = from >= blocksOfA ? `(lane + ${from - blocksOfA}u)` : `(lane - ${blocksOfA - from}u)`;
    if (to <= blocksOfA) return { a };
    if (from >= blocksOfA) return to <= blocks ? { b } : { b, condition: `lane < ${blocks - from}u` };
    return { a, b, condition: `lane < ${blocksOfA - from}u` };
  });
};

/** Text for a slot's block of A or of B, whichever the invocation has. */
const forSlot = ({ a, b, condition }: Slot, textOf: (operand: "A" | "B", block: string) => string): string => {
  const [ofA, ofB] = [a && textOf("A", a), b && textOf("B", b)];
  if (!condition) return (ofA ?? ofB)!;
  return ofA ? `if (${condition}) {\n${ofA}\n} else {\n${ofB}\n}` : `if (${condition}) {\n${ofB}\n}`;
};

/** Whether an operand's rows lie along k. */
const liesAlongK = ({ form }: TiledVariant, operand: "A" | "B") => (operand === "A" ? form !== "tn" : form === "nt");

const fetchBlock = (v: TiledVariant, suffix: string, tile: Tile, slot: Slot, into: string, k0: string): string =>
  forSlot(slot, (operand, block) => {
    const alongK = liesAlongK(v, operand);
    const [length, origin, extent] = operand === "A" ? [tile.m, "m0", "m"] : [tile.n, "n0", "n"];
    const { k, row: block4 } = blockOf(alongK, length, block);
    const first = `${block4} * 4u`;
    const row = operand === "B" && v.gate?.pass === "forward" ? gatedRow(first, tile.n, suffix) : first;
    const [function_, limit, limitK] = [
      `fetch${operand}${suffix}`,
      `uniforms.${extent}${suffix}`,
      `uniforms.k${suffix}`,
    ];
    return alongK
      ? `${into} = ${function_}(${origin} + ${row}, ${k0} + ${k} * 4u, ${limit}, ${limitK});`
      : `${into} = ${function_}(${k0} + ${k} * 4u, ${origin} + ${row}, ${limitK}, ${limit});`;
  });

const keepBlock = (v: TiledVariant, tile: Tile, slot: Slot, from: string): string =>
  forSlot(slot, (operand, block) => {
    const alongK = liesAlongK(v, operand);
    const length = operand === "A" ? tile.m : tile.n;
    const { k, row } = blockOf(alongK, length, block);
    const narrow = (text: string) => (v.operand === "f16" ? `vec4<f16>(${text})` : text);
    const at = (i: number) => `(${k} * 4u + ${i}u) * ${strideOf(v, length, alongK)}u + ${row}`;
    const value = (i: number) =>
      alongK ? `vec4<f32>(${[0, 1, 2, 3].map((r) => `${from}.r${r}.${"xyzw"[i]}`).join(", ")})` : `${from}.r${i}`;
    return [0, 1, 2, 3].map((i) => `    tile${operand}[${at(i)}] = ${narrow(value(i))};`).join("\n");
  });

const storeFunction = ({ vectors, edges, bias, accumulate, added, gate }: TiledVariant, suffix: string): string => {
  if (gate) {
    const finish = (sum: string) => `uniforms.alpha${suffix} * ${sum}`;
    return `fn store${suffix}(row: u32, column: u32, ${gate.pass === "forward" ? "uSum: vec4<f32>, gSum: vec4<f32>" : "first: u32, uSum: vec4<f32>"}) {
  if (row >= uniforms.m${suffix} || column >= uniforms.n${suffix}) { return; }
  ${gateStore(gate, { suffix, bias, sum: finish("uSum"), gateSum: finish("gSum"), narrow: false })}
}`;
  }
  const finish = (sum: string, n: string, at: string) =>
    `uniforms.alpha${suffix} * ${sum}${bias ? ` + ${n}` : ""}${accumulate ? ` + c${suffix}[${at}]` : ""}${added ? ` + added${suffix}[${at}]` : ""}`;
  const biasOf = (e: number) => `bias${suffix}[n + ${e}u]`;
  const body = vectors.c
    ? `let at = (first + m * uniforms.n${suffix} + n) / 4u;
  c${suffix}[at] = ${finish("sum", `vec4<f32>(${[0, 1, 2, 3].map(biasOf).join(", ")})`, "at")};`
    : [0, 1, 2, 3]
        .map((e) => {
          const at = `first + m * uniforms.n${suffix} + n + ${e}u`;
          const store = `c${suffix}[${at}] = ${finish(`sum.${"xyzw"[e]}`, biasOf(e), at)};`;
          return edges ? `if (n + ${e}u < uniforms.n${suffix}) { ${store} }` : store;
        })
        .join("\n  ");
  const guard = edges ? `if (m >= uniforms.m${suffix} || n >= uniforms.n${suffix}) { return; }\n  ` : "";
  return `fn store${suffix}(m: u32, n: u32, first: u32, sum: vec4<f32>) {
  ${guard}${body}
}`;
};
