import { alongK, leftType, loadMatrix, matrixHeader, onSubgroups, resultType, rightType, unitName } from "../matrix.ts";
import { programs } from "../program.ts";
import { range } from "../range.ts";
import { declareStage, directStores, elementOf, type Staged, stageBytes, stagedStores } from "./epilogue.ts";
import { gatedRow, gateFunctions, gateName } from "./gate.ts";
import { type MatrixTile, type MatrixVariant, matrixTiles, subgroupsOf } from "./matrix-variant.ts";
import { oneProduct, type ProductKernel, severalProducts } from "./products.ts";
import type { Form } from "./tiled.ts";

/** Halves that an invocation reads from memory at a time: 16 bytes. */
const fetched = 8;

const ahead = (v: MatrixVariant): number => v.ahead ?? 1;

export const matrixKey = (v: MatrixVariant): string => {
  const flags: string[] = [v.direct ? "direct" : v.half ? "half" : "staged"];
  if (!v.direct && !v.vectors) flags.push("c1");
  if (v.bias) flags.push("bias");
  if (v.accumulate) flags.push("accumulate");
  if (v.gate) flags.push(gateName(v.gate));
  if (v.epilogue) flags.push(v.epilogue);
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

/** Bytes of workgroup memory. */
export const matrixBytes = (v: Staged & Pick<MatrixVariant, "form" | "direct">): number => {
  const { a, b } = layoutsOf(v.form, matrixTiles[v.tile]);
  return 2 * (a.parts * a.rows * a.stride + b.parts * b.rows * b.stride) + (v.direct ? 0 : stageBytes(v));
};

/** Uniforms: m, n, kPadded, kPerGroup (along z), lda and ldb (padded row lengths), alpha. */
export const matrixProgram = /* @__PURE__ */ programs(matrixKey, (v) => oneProduct(matrixKernel(v)));

/** The same for several products, side by side; see {@link severalProducts}. */
export const matrixProductsProgram = /* @__PURE__ */ programs(
  (v: MatrixVariant, products: number) => `${matrixKey(v)}.together${products}`,
  (v, products) => severalProducts(matrixKernel(v), products),
);

/**
 * The matrix product on subgroup matrices. Operands are f16 copies padded to whole tiles (half.ts), sums are float32. The
 * subgroups of a workgroup share a tile of C; both operands pass through workgroup memory in the layout that they have, since
 * a matrix can be loaded by rows or by columns: all three forms cost the same. The next slice of k is fetched into registers
 * while this one is multiplied.
 */
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
  return {
    ...matrixHeader(unit),
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
${v.direct ? "" : declareStage(v)}`,
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
${v.direct ? directStores(v, suffix) : stagedStores(v, suffix)}`,
  };
}
