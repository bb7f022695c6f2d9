import { onSubgroups, shareInSubgroup, storeMatrix } from "../matrix.ts";
import { range } from "../range.ts";
import { gateStore } from "./gate.ts";
import {
  type Epilogue,
  epilogues,
  type MatrixTile,
  type MatrixVariant,
  matrixTiles,
  subgroupsOf,
} from "./matrix-variant.ts";

const isEpilogue = (name: string | undefined): name is Epilogue => name !== undefined && name in epilogues;

/** What the stage depends on. */
export type Staged = Pick<MatrixVariant, "unit" | "tile" | "gate" | "epilogue">;

/** A panel that a subgroup stages at a time: columns of C and strips of matrices; floats from row to row; stages of a subgroup. */
const staging = ({ unit, tile: name, gate, epilogue }: Staged) => {
  const { m, n, down, across }: MatrixTile = matrixTiles[name];
  const part = n / across;
  // A gate needs both of its halves.
  const least = gate?.pass === "forward" ? 2 * unit.n : unit.n;
  const panel = epilogue === "narrow" ? least : epilogue === "wide" ? part : Math.max(least, Math.min(32, part / 2));
  const strips = epilogue === "tall" && (m / down / unit.m) % 2 === 0 ? 2 : 1;
  return { panel, strips, stride: panel + 4, stages: epilogue === "turns" ? 2 : 1 };
};

/** Floats of a stage, and how many there are. */
const stageSize = (v: Staged): { floats: number; count: number } => {
  const { strips, stride, stages } = staging(v);
  return { floats: strips * v.unit.m * stride, count: stages * subgroupsOf(v.tile) };
};

/** Bytes of workgroup memory of all stages. */
export const stageBytes = (v: Staged): number => stageSize(v).floats * stageSize(v).count * 4;

/** WGSL: the stages. */
export const declareStage = (v: Staged): string => {
  const { floats, count } = stageSize(v);
  const [element, length] = v.unit.spelling === "new" ? ["vec4<f32>", floats / 4] : ["f32", floats];
  return `var<workgroup> stage: array<array<${element}, ${length}>, ${count}>;`;
};

/** Whether a product's C can be written 16 bytes at a time. */
const writesSixteen = ({ half, vectors, accumulate, gate }: MatrixVariant, n: number): boolean =>
  half && vectors && !accumulate && !gate && n % 8 === 0;

/** The variant with an epilogue, if that changes how a C with rows of `n` is written. */
export const withEpilogue = (v: MatrixVariant, name: string | undefined, n: number): MatrixVariant => {
  if (v.direct || !isEpilogue(name)) return v;
  const cut = { ...v, epilogue: name };
  const changes =
    name === "sixteen" ? writesSixteen(v, n) : `${Object.values(staging(cut))}` !== `${Object.values(staging(v))}`;
  return changes ? cut : v;
};

/** Elements of C in a store. */
const storeWidth = ({ vectors, epilogue }: MatrixVariant): number => (epilogue === "sixteen" ? 8 : vectors ? 4 : 1);

/** The element of C as it is bound. */
export const elementOf = (v: MatrixVariant): string => {
  if (v.epilogue === "sixteen") return "vec4<u32>";
  const scalar = v.half ? "f16" : "f32";
  return v.vectors ? `vec4<${scalar}>` : scalar;
};

/** WGSL: each matrix to its place in C. */
export const directStores = ({ unit, tile: name }: MatrixVariant, suffix: string): string => {
  const { m, n, down, across }: MatrixTile = matrixTiles[name];
  const width = `uniforms.n${suffix}`;
  return range(m / down / unit.m)
    .flatMap((i) =>
      range(n / across / unit.n).map((j) => {
        const offset = `first + (aFirst + rowOfGroup + ${i * unit.m}u) * ${width} + bFirst + columnOfGroup + ${j * unit.n}u`;
        return onSubgroups(unit, subgroupsOf(name), storeMatrix(unit, `c${suffix}`, offset, `c${i}_${j}`, width));
      }),
    )
    .join("\n");
};

/** WGSL: panel by panel through the stage. */
export const stagedStores = (v: MatrixVariant, suffix: string): string => {
  const { unit } = v;
  const { m, n, down, across }: MatrixTile = matrixTiles[v.tile];
  const subgroups = subgroupsOf(v.tile);
  const { panel, strips, stride, stages } = staging(v);
  const [each, columns] = [panel / unit.n, n / across / unit.n];
  const width = storeWidth(v);
  const paired = v.gate?.pass === "forward";
  const shown = paired ? panel / 2 : panel;
  const panels = range(m / down / unit.m / strips).flatMap((i) =>
    range(columns / each).map((p) => ({ firstRow: i * strips, p })),
  );
  return panels
    .map(({ firstRow, p }, number) => {
      const turn = number % stages;
      const place = `stage[place${turn === 0 ? "" : ` + ${turn * subgroups}u`}]`;
      const stores = range(strips).flatMap((strip) =>
        range(each).map((j) => {
          // Of a gate: as many matrices of u, then those of g in the same columns.
          const column = paired ? (p * each) / 2 + (j % (each / 2)) + (j < each / 2 ? 0 : columns / 2) : p * each + j;
          const at = `${strip * unit.m * stride + j * unit.n}u`;
          const matrix = `c${firstRow + strip}_${column}`;
          return storeMatrix(unit, place, at, matrix, `${stride}u`, unit.spelling === "new" ? 4 : 1);
        }),
      );
      const write = shareInSubgroup(
        unit,
        "cell",
        (strips * unit.m * shown) / width,
        `let r = cell / ${shown / width}u;
let e = cell % ${shown / width}u * ${width}u;
let row = aFirst + rowOfGroup + ${firstRow * unit.m}u + r;
let column = bFirst + ${paired ? "columnOfGroup / 2u" : "columnOfGroup"} + ${p * shown}u + e;
if (row < uniforms.m${suffix} && column < uniforms.n${suffix}) {
  let start = r * ${stride}u + e;
  ${writeCell(v, suffix, place, shown)}
}`,
      );
      // With stages in turn the next barrier already lies between this panel and the next one in the same stage.
      const barriers = stages > 1 ? ["\nworkgroupBarrier();", ""] : ["\nworkgroupBarrier();", "\nworkgroupBarrier();"];
      return [stores.join("\n"), write]
        .map((text, i) => `${onSubgroups(unit, subgroups, text)}${barriers[i]}`)
        .join("\n");
    })
    .join("\n");
};

/** WGSL: what lies at `start` of a place of the stage, to (row, column) of C. */
const writeCell = (v: MatrixVariant, suffix: string, place: string, shown: number): string => {
  const { unit, bias, accumulate, vectors } = v;
  const gather = (text: (e: number) => string) => (vectors ? `vec4<f32>(${range(4).map(text).join(", ")})` : text(0));
  const staged = (start: string) =>
    unit.spelling !== "new"
      ? gather((e) => `${place}[${start} + ${e}u]`)
      : vectors
        ? `${place}[${start} / 4u]`
        : `${place}[${start} / 4u][${start} % 4u]`;
  const finish = (start: string) => `uniforms.alpha${suffix} * ${staged(start)}`;
  if (v.gate)
    return gateStore(v.gate, {
      ...{ suffix, bias, narrow: true },
      sum: finish("start"),
      gateSum: finish(`(start + ${shown}u)`),
    });
  const biasAt = (column: string) => (bias ? ` + ${gather((e) => `bias${suffix}[${column} + ${e}u]`)}` : "");
  const index = `(first + row * uniforms.n${suffix} + column)`;
  if (v.epilogue === "sixteen") {
    const four = (start: string, column: string) => `bitcast<vec2<u32>>(vec4<f16>(${finish(start)}${biasAt(column)}))`;
    return `c${suffix}[${index} / 8u] = vec4<u32>(${four("start", "column")}, ${four("(start + 4u)", "(column + 4u)")});`;
  }
  const old = accumulate ? ` + ${vectors ? "vec4<f32>" : "f32"}(c${suffix}[at])` : "";
  return `let at = ${index}${vectors ? " / 4u" : ""};
  c${suffix}[at] = ${elementOf(v)}(${finish("start")}${biasAt("column")}${old});`;
};
