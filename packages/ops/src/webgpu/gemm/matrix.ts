import {
  leftType,
  loadMatrix,
  type MatrixUnit,
  matrixExtensions,
  resultType,
  rightType,
  storeMatrix,
  unitName,
} from "../matrix.ts";
import { type Program, program } from "../program.ts";
import type { Form } from "./tiled.ts";

/**
 * The matrix product on subgroup matrices. Operands are f16 copies padded to whole tiles (half.ts), sums are float32. Four
 * subgroups in a square share a tile of C; both operands pass through workgroup memory in the layout that they have, since a
 * matrix can be loaded by rows or by columns: all three forms cost the same. The next slice of k is fetched into registers
 * while this one is multiplied.
 */
export interface MatrixVariant {
  form: Form;
  unit: MatrixUnit;
  /** Rows and columns of the tile of C: 128 or 64. */
  tile: 128 | 64;
  /** C is written from the matrices themselves: no edge in any tile and nothing to add or to scale. */
  direct: boolean;
  bias: boolean;
  accumulate: boolean;
}

/** The slice of k that is in workgroup memory at a time. */
export const sliceK = 32;

export const matrixKey = (v: MatrixVariant): string => {
  const flags = [v.direct ? "direct" : "staged", ...(v.bias ? ["bias"] : []), ...(v.accumulate ? ["accumulate"] : [])];
  return `gemm.${v.form}.matrix.${unitName(v.unit)}.${v.tile}x${v.tile}.${flags.join("-")}`;
};

/** An operand's slice in workgroup memory: rows of `length` halves, eight more apart to spread the banks. */
const layout = (alongK: boolean, tile: number) =>
  alongK ? { rows: tile, length: sliceK, stride: sliceK + 8 } : { rows: sliceK, length: tile, stride: tile + 8 };

/** Bytes of workgroup memory. */
export function matrixBytes({
  form,
  tile,
  unit,
  direct,
}: Pick<MatrixVariant, "form" | "tile" | "unit" | "direct">): number {
  const a = layout(form !== "tn", tile);
  const b = layout(form === "nt", tile);
  return 2 * (a.rows * a.stride + b.rows * b.stride) + (direct ? 0 : 4 * unit.m * unit.n * 4);
}

/** Uniforms: m, n, kPadded, kPerGroup (along z), lda and ldb (padded row lengths), alpha. */
export function matrixProgram(v: MatrixVariant): Program {
  const { unit, tile, form } = v;
  const size = 4 * unit.subgroup;
  const vectors = unit.spelling === "new";
  const half = tile / 2;
  const across = range(half / unit.n);
  const down = range(half / unit.m);
  const a = layout(form !== "tn", tile);
  const b = layout(form === "nt", tile);
  const vectorsOf = (l: typeof a) => (l.rows * l.length) / 4 / size;
  const fetch = (name: "a" | "b", l: typeof a, alongK: boolean, k0: string) =>
    range(vectorsOf(l)).map((i) => {
      const at = `(lane + ${i * size}u)`;
      const row = `${alongK ? `${name}0` : k0} + ${at} / ${l.length / 4}u`;
      const column = `${alongK ? k0 : `${name}0`} / 4u + ${at} % ${l.length / 4}u`;
      return `${name}Next${i} = ${name}[(${row}) * (uniforms.ld${name} / 4u) + ${column}];`;
    });
  const keep = (name: "a" | "b", l: typeof a) =>
    range(vectorsOf(l)).map((i) => {
      const at = `(lane + ${i * size}u)`;
      const place = `${at} / ${l.length / 4}u * ${l.stride / 4}u + ${at} % ${l.length / 4}u`;
      return vectors
        ? `${name}Slice[${place}] = ${name}Next${i};`
        : `{ let at = (${place}) * 4u; ${range(4)
            .map((e) => `${name}Slice[at + ${e}u] = ${name}Next${i}.${"xyzw"[e]};`)
            .join(" ")} }`;
    });
  const width = vectors ? 4 : 1;
  // Offsets of a fragment: rows of its operand from `origin`, k from `k`.
  const place = (l: typeof a, alongK: boolean, origin: string) =>
    alongK ? `(${origin}) * ${l.stride}u + k` : `k * ${l.stride}u + ${origin}`;
  const loads = [
    ...down.map((i) => {
      const offset = place(a, form !== "tn", `rowOfGroup + ${i * unit.m}u`);
      return `let left${i} = ${loadMatrix(unit, leftType(unit), "aSlice", offset, `${a.stride}u`, form === "tn", width)};`;
    }),
    ...across.flatMap((j) => {
      const offset = place(b, form === "nt", `columnOfGroup + ${j * unit.n}u`);
      return [
        `let right${j} = ${loadMatrix(unit, rightType(unit), "bSlice", offset, `${b.stride}u`, form === "nt", width)};`,
        ...down.map((i) => `c${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, c${i}_${j});`),
      ];
    }),
  ];
  const element = vectors ? "vec4<f16>" : "f16";
  const halves = (l: typeof a) => (l.rows * l.stride) / width;
  return program({
    key: matrixKey(v),
    enable: matrixExtensions,
    storage: {
      a: ["read", "vec4<f16>"],
      b: ["read", "vec4<f16>"],
      ...(v.bias ? { bias: ["read", "f32"] as const } : {}),
      c: ["write", "f32"],
    },
    uniforms: { m: "u32", n: "u32", k: "u32", kPerGroup: "u32", lda: "u32", ldb: "u32", alpha: "f32" },
    size,
    declare: `
var<workgroup> aSlice: array<${element}, ${halves(a)}>;
var<workgroup> bSlice: array<${element}, ${halves(b)}>;
${v.direct ? "" : `var<workgroup> stage: array<f32, ${4 * unit.m * unit.n}>;`}`,
    main: `
let a0 = group.y * ${tile}u;
let b0 = group.x * ${tile}u;
let kFirst = group.z * uniforms.kPerGroup;
let kEnd = min(uniforms.k, kFirst + uniforms.kPerGroup);
let quarter = subgroupIndex % 4u;
let rowOfGroup = quarter / 2u * ${half}u;
let columnOfGroup = quarter % 2u * ${half}u;
${down.flatMap((i) => across.map((j) => `var c${i}_${j} = ${resultType(unit)}();`)).join("\n")}
${range(vectorsOf(a))
  .map((i) => `var aNext${i}: vec4<f16>;`)
  .join("\n")}
${range(vectorsOf(b))
  .map((i) => `var bNext${i}: vec4<f16>;`)
  .join("\n")}
${[...fetch("a", a, form !== "tn", "kFirst"), ...fetch("b", b, form === "nt", "kFirst")].join("\n")}
for (var k0 = kFirst; k0 < kEnd; k0 = k0 + ${sliceK}u) {
  ${[...keep("a", a), ...keep("b", b)].join("\n  ")}
  workgroupBarrier();
  if (k0 + ${sliceK}u < kEnd) {
    ${[...fetch("a", a, form !== "tn", `(k0 + ${sliceK}u)`), ...fetch("b", b, form === "nt", `(k0 + ${sliceK}u)`)].join("\n    ")}
  }
  if (subgroupIndex < 4u) {
    for (var k = 0u; k < ${sliceK}u; k = k + ${unit.k}u) {
      ${loads.join("\n      ")}
    }
  }
  workgroupBarrier();
}
let first = group.z * uniforms.m * uniforms.n;
${down.flatMap((i) => across.map((j) => (v.direct ? directStore(v, i, j) : stagedStore(v, i, j)))).join("\n")}`,
  });
}

const range = (n: number) => [...Array(n).keys()];

const directStore = ({ unit }: MatrixVariant, i: number, j: number): string => {
  const offset = `first + (a0 + rowOfGroup + ${i * unit.m}u) * uniforms.n + b0 + columnOfGroup + ${j * unit.n}u`;
  return `if (subgroupIndex < 4u) { ${storeMatrix(unit, "c", offset, `c${i}_${j}`, "uniforms.n")} }`;
};

/** Through workgroup memory, element by element, where C ends inside the tile or something is added. */
function stagedStore({ unit, bias, accumulate }: MatrixVariant, i: number, j: number): string {
  const cells = unit.m * unit.n;
  const sum = `uniforms.alpha * stage[quarter * ${cells}u + cell]${bias ? " + bias[column]" : ""}${accumulate ? " + c[at]" : ""}`;
  return `if (subgroupIndex < 4u) { ${storeMatrix(unit, "stage", `quarter * ${cells}u`, `c${i}_${j}`, `${unit.n}u`)} }
workgroupBarrier();
if (subgroupIndex < 4u) {
  for (var cell = subgroupLane; cell < ${cells}u; cell = cell + subgroupSize) {
    let row = a0 + rowOfGroup + ${i * unit.m}u + cell / ${unit.n}u;
    let column = b0 + columnOfGroup + ${j * unit.n}u + cell % ${unit.n}u;
    if (row < uniforms.m && column < uniforms.n) {
      let at = first + row * uniforms.n + column;
      c[at] = ${sum};
    }
  }
}
workgroupBarrier();`;
}
