import {
  alongK,
  leftType,
  loadMatrix,
  type MatrixUnit,
  matrixExtensions,
  onSubgroups,
  resultType,
  rightType,
  shareInSubgroup,
  storeMatrix,
  unitName,
} from "../matrix.ts";
import { programs } from "../program.ts";
import { range } from "../range.ts";
import { type Gate, gatedRow, gateFunctions, gateName, gateStore } from "./gate.ts";
import { oneProduct, type ProductKernel, severalProducts } from "./products.ts";
import type { Form } from "./tiled.ts";

/**
 * The matrix product on subgroup matrices. Operands are f16 copies padded to whole tiles (half.ts), sums are float32. The
 * subgroups of a workgroup share a tile of C; both operands pass through workgroup memory in the layout that they have, since
 * a matrix can be loaded by rows or by columns: all three forms cost the same. The next slice of k is fetched into registers
 * while this one is multiplied.
 */
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

/** Halves that an invocation reads from memory at a time: 16 bytes. */
const fetched = 8;

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

const ahead = (v: MatrixVariant): number => v.ahead ?? 1;

export const matrixKey = (v: MatrixVariant): string => {
  const flags: string[] = [v.direct ? "direct" : v.half ? "half" : "staged"];
  if (!v.direct && !v.vectors) flags.push("c1");
  if (v.bias) flags.push("bias");
  if (v.accumulate) flags.push("accumulate");
  if (v.gate) flags.push(gateName(v.gate));
  if (ahead(v) > 1) flags.push(`ahead${ahead(v)}`);
  return `gemm.${v.form}.matrix.${unitName(v.unit)}.${v.tile}.${flags.join("-")}`;
};

/**
 * An operand's slice in workgroup memory: a panel for each of the `parts` that subgroups share it in, so that all offsets in
 * a panel are constants. Rows of `length` halves, eight more apart to spread the banks.
 */
const layout = (alongK: boolean, extent: number, parts: number, k: number) => {
  const part = extent / parts;
  const [rows, length] = alongK ? [part, k] : [k, part];
  return { alongK, parts, rows, length, stride: length + 8 };
};
type Layout = ReturnType<typeof layout>;

const layoutsOf = (form: Form, tile: MatrixTile): { a: Layout; b: Layout } => ({
  a: layout(form !== "tn", tile.m, tile.down, tile.k),
  b: layout(form === "nt", tile.n, tile.across, tile.k),
});

/** Columns of C that a subgroup stages at a time, and floats from row to row of its stage. */
const staging = (
  { across, n }: MatrixTile,
  unit: MatrixUnit,
  gate: Gate | undefined,
): { panel: number; stride: number } => {
  // A gate needs both of its halves.
  const panel = Math.max(gate?.pass === "forward" ? 2 * unit.n : unit.n, Math.min(32, n / across / 2));
  return { panel, stride: panel + 4 };
};

export const subgroupsOf = (tile: MatrixTileName): number => matrixTiles[tile].down * matrixTiles[tile].across;

/** Bytes of workgroup memory. */
export const matrixBytes = ({
  form,
  tile: name,
  unit,
  direct,
  gate,
}: Pick<MatrixVariant, "form" | "tile" | "unit" | "direct" | "gate">): number => {
  const tile: MatrixTile = matrixTiles[name];
  const { a, b } = layoutsOf(form, tile);
  const stage = direct ? 0 : subgroupsOf(name) * unit.m * staging(tile, unit, gate).stride * 4;
  return 2 * (a.parts * a.rows * a.stride + b.parts * b.rows * b.stride) + stage;
};

/** Uniforms: m, n, kPadded, kPerGroup (along z), lda and ldb (padded row lengths), alpha. */
export const matrixProgram = /* @__PURE__ */ programs(matrixKey, (v) => oneProduct(matrixKernel(v)));

/** The same for several products, side by side; see {@link severalProducts}. */
export const matrixProductsProgram = /* @__PURE__ */ programs(
  (v: MatrixVariant, products: number) => `${matrixKey(v)}.together${products}`,
  (v, products) => severalProducts(matrixKernel(v), products),
);

function matrixKernel(given: MatrixVariant): ProductKernel {
  // Matrix work stays inside its condition even if all subgroups are of one size, and so does the fetch of the next slice:
  // without the two the compiler of an H200 moves the fetch, and a product of 4096^3 drops from 220 to 169 TFLOP/s.
  const v = { ...given, unit: { ...given.unit, fixed: false } };
  const { form, unit } = v;
  const tile: MatrixTile = matrixTiles[v.tile];
  const subgroups = subgroupsOf(v.tile);
  const size = subgroups * unit.subgroup;
  const wide = unit.spelling === "new";
  const width = wide ? 4 : 1;
  const [height, breadth] = [tile.m / tile.down, tile.n / tile.across];
  const down = range(height / unit.m);
  const across = range(breadth / unit.n);
  const { a, b } = layoutsOf(form, tile);
  const vectorsOf = (l: Layout) => (l.parts * l.rows * l.length) / fetched / size;
  /** Row and column (in vectors) of a lane's vector of the slice, in the order of memory. */
  const cell = (l: Layout, i: number) => {
    const across = (l.alongK ? l.length : l.parts * l.length) / fetched;
    const at = `(lane + ${i * size}u)`;
    return { row: `${at} / ${across}u`, column: `${at} % ${across}u` };
  };
  const stages = range(ahead(v));
  /** The registers of a stage: 0 is what is multiplied next. */
  const register = (name: "a" | "b", i: number, stage = 0) => `${name}Next${stage === 0 ? "" : `${stage}_`}${i}`;
  const fetch = (suffix: string, name: "a" | "b", l: Layout, k0: string, stage: number) =>
    range(vectorsOf(l)).map((i) => {
      const { row, column } = cell(l, i);
      const [rows, columns] = l.alongK ? [`${name}First`, k0] : [k0, `${name}First`];
      const inOperand = v.gate?.pass === "forward" && name === "b" ? gatedRow(row, breadth, suffix) : row;
      return `${register(name, i, stage)} = ${name}${suffix}[(${rows} + ${inOperand}) * (uniforms.ld${name}${suffix} / ${fetched}u) + ${columns} / ${fetched}u + ${column}];`;
    });
  const fetchBoth = (suffix: string, k0: string, stage: number) =>
    [...fetch(suffix, "a", a, k0, stage), ...fetch(suffix, "b", b, k0, stage)].join("\n    ");
  const all = [
    ...range(vectorsOf(a)).map((i) => ["a", i] as const),
    ...range(vectorsOf(b)).map((i) => ["b", i] as const),
  ];
  /** Every stage one nearer. */
  const advance = stages
    .slice(1)
    .flatMap((stage) => all.map(([name, i]) => `${register(name, i, stage - 1)} = ${register(name, i, stage)};`))
    .join("\n  ");
  /** Both halves of a vector into the slice. */
  const keep = (name: "a" | "b", l: Layout) =>
    range(vectorsOf(l)).map((i) => {
      const { row, column } = cell(l, i);
      const across = l.length / fetched;
      const [part, inside] = l.alongK
        ? [`${row} / ${l.rows}u`, `${row} % ${l.rows}u * ${l.stride / 4}u + ${column} * 2u`]
        : [`${column} / ${across}u`, `${row} * ${l.stride / 4}u + ${column} % ${across}u * 2u`];
      const panel = `${name}Slice[${part}]`;
      const four = (v: number) => `bitcast<vec4<f16>>(${name}Next${i}.${["xy", "zw"][v]})`;
      return wide
        ? [0, 1].map((v) => `${panel}[${inside} + ${v}u] = ${four(v)};`).join(" ")
        : `{ let at = (${inside}) * 4u; ${[0, 1]
            .flatMap((v) => range(4).map((e) => `${panel}[at + ${4 * v + e}u] = ${four(v)}.${"xyzw"[e]};`))
            .join(" ")} }`;
    });
  const load = (name: "a" | "b", l: Layout, row: number, k: string) => {
    const [type, columnMajor] = name === "a" ? [leftType(unit), !l.alongK] : [rightType(unit), l.alongK];
    const offset = l.alongK ? `${row * l.stride}u + ${k}` : `${k} * ${l.stride}u + ${row}u`;
    return loadMatrix(unit, type, `${name}Slice[${name}Part]`, offset, `${l.stride}u`, columnMajor, width);
  };
  const step = (k: string) => [
    ...down.map((i) => `let left${i} = ${load("a", a, i * unit.m, k)};`),
    ...across.flatMap((j) => [
      `let right${j} = ${load("b", b, j * unit.n, k)};`,
      ...down.map((i) => `c${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, c${i}_${j});`),
    ]),
  ];
  const arrayOf = (l: Layout) =>
    `array<array<${wide ? "vec4<f16>" : "f16"}, ${(l.rows * l.stride) / width}>, ${l.parts}>`;
  const { stride } = staging(tile, unit, v.gate);
  return {
    enable: matrixExtensions,
    storage: {
      a: ["read", "vec4<u32>"],
      b: ["read", "vec4<u32>"],
      ...(v.bias ? { bias: ["read", "f32"] as const } : {}),
      ...(v.gate?.pass === "backward" ? { inner: ["read", elementOf(v)] as const } : {}),
      c: ["write", v.direct ? "f32" : elementOf(v)],
      ...(v.gate?.pass === "forward" ? { gated: ["write", elementOf(v)] as const } : {}),
    },
    uniforms: { m: "u32", n: "u32", k: "u32", kPerGroup: "u32", lda: "u32", ldb: "u32", alpha: "f32" },
    size,
    declare: `
var<workgroup> aSlice: ${arrayOf(a)};
var<workgroup> bSlice: ${arrayOf(b)};
${v.gate ? gateFunctions(v.gate) : ""}
${v.direct ? "" : `var<workgroup> stage: array<array<${wide ? "vec4<f32>" : "f32"}, ${(unit.m * stride) / width}>, ${subgroups}>;`}`,
    tile,
    body: (suffix) => `
let aFirst = tileY * ${tile.m}u;
let bFirst = tileX * ${v.gate?.pass === "forward" ? tile.n / 2 : tile.n}u;
let kFirst = part * uniforms.kPerGroup${suffix};
let kEnd = min(uniforms.k${suffix}, kFirst + uniforms.kPerGroup${suffix});
let place = subgroupIndex % ${subgroups}u;
let aPart = place / ${tile.across}u;
let bPart = place % ${tile.across}u;
let rowOfGroup = aPart * ${height}u;
let columnOfGroup = bPart * ${breadth}u;
${down.flatMap((i) => across.map((j) => `var c${i}_${j} = ${resultType(unit)}();`)).join("\n")}
${stages.flatMap((stage) => all.map(([name, i]) => `var ${register(name, i, stage)}: vec4<u32>;`)).join("\n")}
${stages
  .map((stage) =>
    stage === 0
      ? fetchBoth(suffix, "kFirst", 0)
      : `if (kFirst + ${stage * tile.k}u < kEnd) {\n    ${fetchBoth(suffix, `(kFirst + ${stage * tile.k}u)`, stage)}\n}`,
  )
  .join("\n")}
for (var k0 = kFirst; k0 < kEnd; k0 = k0 + ${tile.k}u) {
  ${[...keep("a", a), ...keep("b", b)].join("\n  ")}
  workgroupBarrier();
  ${advance}
  if (k0 + ${stages.length * tile.k}u < kEnd) {
    ${fetchBoth(suffix, `(k0 + ${stages.length * tile.k}u)`, stages.length - 1)}
  }
  ${onSubgroups(unit, subgroups, alongK(unit, tile.k, step))}
  workgroupBarrier();
}
let first = part * uniforms.m${suffix} * uniforms.n${suffix};
${down.flatMap((i) => (v.direct ? across.map((j) => directStore(v, suffix, i, j)) : stagedStores(v, suffix, i, across))).join("\n")}`,
  };
}

const elementOf = ({ half, vectors }: MatrixVariant): string => {
  const scalar = half ? "f16" : "f32";
  return vectors ? `vec4<${scalar}>` : scalar;
};

const directStore = ({ unit, tile }: MatrixVariant, suffix: string, i: number, j: number): string => {
  const n = `uniforms.n${suffix}`;
  const offset = `first + (aFirst + rowOfGroup + ${i * unit.m}u) * ${n} + bFirst + columnOfGroup + ${j * unit.n}u`;
  return onSubgroups(unit, subgroupsOf(tile), storeMatrix(unit, `c${suffix}`, offset, `c${i}_${j}`, n));
};

/** A strip of matrices through workgroup memory, some columns at a time: if C is f16, has edges or is more than a product. */
const stagedStores = (v: MatrixVariant, suffix: string, i: number, across: readonly number[]): string[] => {
  const { unit, bias, accumulate, vectors } = v;
  const subgroups = subgroupsOf(v.tile);
  const { panel, stride } = staging(matrixTiles[v.tile], unit, v.gate);
  const each = panel / unit.n;
  const [width, lanes] = vectors ? [4, range(4)] : [1, [0]];
  const cells = (unit.m * panel) / width;
  const gather = (text: (e: number) => string) => (vectors ? `vec4<f32>(${lanes.map(text).join(", ")})` : text(0));
  const wide = unit.spelling === "new";
  const staged = (start: string) =>
    !wide
      ? gather((e) => `stage[place][${start} + ${e}u]`)
      : vectors
        ? `stage[place][${start} / 4u]`
        : `stage[place][${start} / 4u][${start} % 4u]`;
  const terms = [
    `uniforms.alpha${suffix} * ${staged("start")}`,
    ...(bias ? [gather((e) => `bias${suffix}[column + ${e}u]`)] : []),
    ...(accumulate ? [`${vectors ? "vec4<f32>" : "f32"}(c${suffix}[at])`] : []),
  ];
  const paired = v.gate?.pass === "forward";
  return range(across.length / each).map((p) => {
    const stores = range(each).map((j) => {
      // Of a gate: as many matrices of u, then those of g in the same columns.
      const column = paired ? (p * each) / 2 + (j % (each / 2)) + (j < each / 2 ? 0 : across.length / 2) : p * each + j;
      return storeMatrix(unit, "stage[place]", `${j * unit.n}u`, `c${i}_${column}`, `${stride}u`, wide ? 4 : 1);
    });
    const [shown, cellsOfPanel] = paired ? [panel / 2, cells / 2] : [panel, cells];
    const finish = (start: string) => `uniforms.alpha${suffix} * ${start}`;
    const write = shareInSubgroup(
      unit,
      "cell",
      cellsOfPanel,
      `let r = cell / ${shown / width}u;
let e = cell % ${shown / width}u * ${width}u;
let row = aFirst + rowOfGroup + ${i * unit.m}u + r;
let column = bFirst + ${paired ? "columnOfGroup / 2u" : "columnOfGroup"} + ${p * shown}u + e;
if (row < uniforms.m${suffix} && column < uniforms.n${suffix}) {
  let start = r * ${stride}u + e;
  ${
    v.gate
      ? gateStore(v.gate, {
          ...{ suffix, bias },
          sum: finish(staged("start")),
          gateSum: finish(staged(`(start + ${shown}u)`)),
          narrow: true,
        })
      : `let at = (first + row * uniforms.n${suffix} + column)${vectors ? " / 4u" : ""};
  c${suffix}[at] = ${elementOf(v)}(${terms.join(" + ")});`
  }
}`,
    );
    return [stores.join("\n"), write]
      .map((text) => `${onSubgroups(unit, subgroups, text)}\nworkgroupBarrier();`)
      .join("\n");
  });
};
