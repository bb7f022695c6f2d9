import { dropoutUniformTypes, hashWgsl } from "../dropout/webgpu.ts";
import { halvesKey } from "../webgpu/elementwise.ts";
import {
  leftType,
  loadMatrix,
  matrixExtensions,
  resultType,
  rightType,
  storeMatrix,
  unitName,
} from "../webgpu/matrix.ts";
import { type Program, program } from "../webgpu/program.ts";
import {
  type AttentionMatrixVariant,
  type Direction,
  stageStride,
  tileStride,
  weightStride,
} from "./webgpu-matrix-select.ts";

/*
 * Attention on subgroup matrices: f16 operands, float32 sums. As in webgpu-tiled.ts a workgroup owns a tile of rows of one
 * head and the other side passes by; here each of four subgroups has a strip of the own tile. Scores leave the matrix units
 * through workgroup memory, become probabilities there and go back as f16 operands.
 *
 * A subgroup matrix cannot be scaled row by row, which an online softmax needs. So the forward pass goes over the keys twice:
 * first for the maximum and the sum of each row, then with the normalised probabilities, whose product with V is only ever
 * added to. The backward pass has `lse` and needs one pass.
 */

const range = (n: number) => [...Array(n).keys()];
const widthOf = ({ unit }: AttentionMatrixVariant) => (unit.spelling === "new" ? 4 : 1);
const size = ({ unit }: AttentionMatrixVariant) => 4 * unit.subgroup;
const strips = (v: AttentionMatrixVariant) => range(v.own / 4 / v.unit.m);
const panels = (v: AttentionMatrixVariant) => range(v.headDim / v.unit.n);

const tileOf = (v: AttentionMatrixVariant, name: string, rows: number) =>
  `var<workgroup> ${name}: array<${widthOf(v) === 4 ? "vec4<f16>" : "f16"}, ${(rows * tileStride(v.headDim)) / widthOf(v)}>;`;

/** Copies rows of a tensor from row `first` into an f16 tile, zeros beyond the sequence. */
function loadTile(
  v: AttentionMatrixVariant,
  tile: string,
  rows: number,
  first: string,
  part: "q" | "k" | "v" | "dy",
): string {
  const vectors = v.headDim / 4;
  const from =
    part === "dy"
      ? `dy[outRow(batch, ${first} + r, head) / 4u + column]`
      : `qkv[qkvRow(batch, ${first} + r, head, ${"qkv".indexOf(part)}u) / 4u + column]`;
  const to = `r * ${tileStride(v.headDim)}u + column * 4u`;
  const store =
    widthOf(v) === 4
      ? `${tile}[(${to}) / 4u] = value;`
      : range(4)
          .map((e) => `${tile}[${to} + ${e}u] = value.${"xyzw"[e]};`)
          .join(" ");
  return `for (var i = lane; i < ${rows * vectors}u; i = i + ${size(v)}u) {
  let r = i / ${vectors}u;
  let column = i % ${vectors}u;
  var value = vec4<f16>();
  if (${first} + r < uniforms.seq) { value = vec4<f16>(${from}); }
  ${store}
}`;
}

/** stage = own * other^T, each subgroup its strip. */
function products(v: AttentionMatrixVariant, own: string, other: string): string {
  const { unit } = v;
  const stride = tileStride(v.headDim);
  const width = widthOf(v);
  const cells = strips(v).flatMap((i) =>
    range(v.other / unit.n).map((j) => {
      const left = loadMatrix(
        unit,
        leftType(unit),
        own,
        `(strip + ${i * unit.m}u) * ${stride}u + k`,
        `${stride}u`,
        false,
        width,
      );
      const right = loadMatrix(unit, rightType(unit), other, `${j * unit.n * stride}u + k`, `${stride}u`, true, width);
      const place = `(strip + ${i * unit.m}u) * ${stageStride(v.other)}u + ${j * unit.n}u`;
      return `{
  var s = ${resultType(unit)}();
  for (var k = 0u; k < ${v.headDim}u; k = k + ${unit.k}u) {
    s = subgroupMatrixMultiplyAccumulate(${left}, ${right}, s);
  }
  ${storeMatrix(unit, "stage", place, "s", `${stageStride(v.other)}u`)}
}`;
    }),
  );
  return `if (subgroupIndex < 4u) {\n${cells.join("\n")}\n}`;
}

/** name{i}_{j} += weights * tile, the strip of a subgroup. */
function accumulate(
  v: AttentionMatrixVariant,
  sums: readonly { name: string; weights: string; tile: string }[],
): string {
  const { unit } = v;
  const stride = tileStride(v.headDim);
  const lines = sums.flatMap(({ name, weights, tile }) => [
    ...strips(v).map((i) => {
      const at = `(strip + ${i * unit.m}u) * ${weightStride(v.other)}u + k`;
      return `let ${name}W${i} = ${loadMatrix(unit, leftType(unit), weights, at, `${weightStride(v.other)}u`, false)};`;
    }),
    ...panels(v).flatMap((j) => [
      `let ${name}V${j} = ${loadMatrix(unit, rightType(unit), tile, `k * ${stride}u + ${j * unit.n}u`, `${stride}u`, false, widthOf(v))};`,
      ...strips(v).map(
        (i) => `${name}${i}_${j} = subgroupMatrixMultiplyAccumulate(${name}W${i}, ${name}V${j}, ${name}${i}_${j});`,
      ),
    ]),
  ]);
  return `if (subgroupIndex < 4u) {
  for (var k = 0u; k < ${v.other}u; k = k + ${unit.k}u) {
    ${lines.join("\n    ")}
  }
}`;
}

const declareSums = (v: AttentionMatrixVariant, name: string) =>
  strips(v)
    .flatMap((i) => panels(v).map((j) => `var ${name}${i}_${j} = ${resultType(v.unit)}();`))
    .join("\n");

/** Writes `factor * name` to rows of `array` through the stage, of which every subgroup uses its own strip. */
function writeSums(v: AttentionMatrixVariant, name: string, array: string, row: string, factor = ""): string {
  const { unit } = v;
  const stride = stageStride(v.other);
  // As many matrices side by side as the stage has columns for.
  const each = v.other / unit.n;
  return strips(v)
    .flatMap((i) =>
      range(Math.ceil(panels(v).length / each)).map((p) => {
        const group = panels(v).slice(p * each, (p + 1) * each);
        const stores = group.map((j, at) =>
          storeMatrix(unit, "stage", `strip * ${stride}u + ${at * unit.n}u`, `${name}${i}_${j}`, `${stride}u`),
        );
        const vectors = (group.length * unit.n) / 4;
        return `if (subgroupIndex < 4u) { ${stores.join(" ")} }
workgroupBarrier();
if (subgroupIndex < 4u) {
  for (var cell = subgroupLane; cell < ${unit.m * vectors}u; cell = cell + subgroupSize) {
    let at = first + strip + ${i * unit.m}u + cell / ${vectors}u;
    let start = (strip + cell / ${vectors}u) * ${stride}u + cell % ${vectors}u * 4u;
    if (at < uniforms.seq) {
      let value = vec4<f32>(stage[start], stage[start + 1u], stage[start + 2u], stage[start + 3u]);
      ${array}[${row} / 4u + ${(p * each * unit.n) / 4}u + cell % ${vectors}u] = ${vectorOf(v.halves.out)}(${factor}value);
    }
  }
}
workgroupBarrier();`;
      }),
    )
    .join("\n");
}

const vectorOf = (half: boolean) => (half ? "vec4<f16>" : "vec4<f32>");

const addressing = (v: AttentionMatrixVariant) => `
fn qkvRow(batch: u32, row: u32, head: u32, part: u32) -> u32 {
  return (((batch * uniforms.seq + row) * uniforms.heads + head) * 3u + part) * ${v.headDim}u;
}
fn outRow(batch: u32, row: u32, head: u32) -> u32 {
  return ((batch * uniforms.seq + row) * uniforms.heads + head) * ${v.headDim}u;
}
${
  v.dropout
    ? `${hashWgsl}
fn dropped(batch: u32, head: u32, query: u32, key: u32) -> f32 {
  let i = (((uniforms.firstBatch + batch) * uniforms.heads + head) * uniforms.seq + query) * uniforms.seq + key;
  return select(0.0, uniforms.keepScale, kept(i));
}`
    : ""
}`;

const prologue = (v: AttentionMatrixVariant) => `
let first = group.x * ${v.own}u;
let head = group.y;
let batch = group.z;
let strip = subgroupIndex % 4u * ${v.own / 4}u;
let line = (batch * uniforms.heads + head) * uniforms.seq;`;

const keyOf = (direction: Direction, v: AttentionMatrixVariant) =>
  `attention.${direction}.matrix.${unitName(v.unit)}.${v.own}x${v.other}.head${v.headDim}${v.mask ? ".mask" : ""}${v.dropout ? ".dropout" : ""}${halvesKey([v.halves.qkv, v.halves.dy, v.halves.out])}`;

const uniformTypes = (v: AttentionMatrixVariant) => ({
  seq: "u32" as const,
  heads: "u32" as const,
  firstBatch: "u32" as const,
  scale: "f32" as const,
  ...(v.dropout ? dropoutUniformTypes : {}),
});

const insideMask = (v: AttentionMatrixVariant, key: string) =>
  v.mask ? ` && mask[batch * uniforms.seq + min(${key}, uniforms.seq - 1u)] != 0.0` : "";

/** qkv (, mask) -> y, lse. */
export function attentionForwardMatrixProgram(v: AttentionMatrixVariant): Program {
  const forKeys = (body: string) =>
    `for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {\n${body}\n}`;
  // Each row starts at another column: rows are read by neighbours at a time, from different banks.
  const turned = `let j = (i + r) % ${v.other}u;
    let s = stage[r * ${stageStride(v.other)}u + j] * uniforms.scale;`;
  return program({
    key: keyOf("forward", v),
    enable: matrixExtensions,
    storage: {
      qkv: ["read", vectorOf(v.halves.qkv)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      y: ["write", vectorOf(v.halves.out)],
      lse: ["write", "f32"],
    },
    uniforms: uniformTypes(v),
    size: size(v),
    declare: `
${tileOf(v, "queries", v.own)}
${tileOf(v, "tile", v.other)}
var<workgroup> weights: array<f16, ${v.own * weightStride(v.other)}>;
var<workgroup> stage: array<f32, ${v.own * stageStride(v.other)}>;
var<workgroup> tops: array<f32, ${v.own}>;
var<workgroup> totals: array<f32, ${v.own}>;
${addressing(v)}`,
    main: `
${prologue(v)}
${loadTile(v, "queries", v.own, "first", "q")}
for (var r = lane; r < ${v.own}u; r = r + ${size(v)}u) {
  tops[r] = -3.0e38;
  totals[r] = 0.0;
}
${forKeys(`${loadTile(v, "tile", v.other, "other", "k")}
workgroupBarrier();
${products(v, "queries", "tile")}
workgroupBarrier();
for (var r = lane; r < ${v.own}u; r = r + ${size(v)}u) {
  let before = tops[r];
  var top = before;
  for (var i = 0u; i < ${v.other}u; i++) {
    ${turned}
    if (other + j < uniforms.seq${insideMask(v, "other + j")}) { top = max(top, s); }
  }
  var total = totals[r] * select(exp(before - top), 0.0, before < -1.0e38);
  for (var i = 0u; i < ${v.other}u; i++) {
    ${turned}
    if (other + j < uniforms.seq${insideMask(v, "other + j")}) { total += exp(s - top); }
  }
  tops[r] = top;
  totals[r] = total;
}
workgroupBarrier();`)}
for (var r = lane; r < ${v.own}u; r = r + ${size(v)}u) {
  tops[r] = select(0.0, tops[r] + log(totals[r]), totals[r] > 0.0);
  if (first + r < uniforms.seq) { lse[line + first + r] = tops[r]; }
}
${declareSums(v, "o")}
${forKeys(`${loadTile(v, "tile", v.other, "other", "k")}
workgroupBarrier();
${products(v, "queries", "tile")}
workgroupBarrier();
${loadTile(v, "tile", v.other, "other", "v")}
for (var i = lane; i < ${v.own * v.other}u; i = i + ${size(v)}u) {
  let r = i / ${v.other}u;
  let j = i % ${v.other}u;
  let valid = other + j < uniforms.seq${insideMask(v, "other + j")};
  let p = select(0.0, exp(min(stage[r * ${stageStride(v.other)}u + j] * uniforms.scale - tops[r], 0.0)), valid);
  weights[r * ${weightStride(v.other)}u + j] = f16(${v.dropout ? "p * dropped(batch, head, first + r, other + j)" : "p"});
}
workgroupBarrier();
${accumulate(v, [{ name: "o", weights: "weights", tile: "tile" }])}
workgroupBarrier();`)}
${writeSums(v, "o", "y", "outRow(batch, at, head)")}`,
  });
}

/** The backward pass of queries (dQ) or of keys (dK, dV); see attentionBackwardProgram in webgpu-tiled.ts. */
export function attentionBackwardMatrixProgram(v: AttentionMatrixVariant, role: "query" | "key"): Program {
  const query = role === "query";
  const [own0, own1, other0, other1] = query ? (["q", "dy", "k", "v"] as const) : (["k", "v", "q", "dy"] as const);
  const stats = query ? v.own : v.other;
  const loadStats = (from: string) => `for (var r = lane; r < ${stats}u; r = r + ${size(v)}u) {
  let at = min(${from} + r, uniforms.seq - 1u);
  lses[r] = lse[line + at];
  deltas[r] = delta[line + at];
}`;
  const [q, k] = query ? ["first + r", "other + j"] : ["other + j", "first + r"];
  const stat = query ? "r" : "j";
  const forCells = (body: string) => `for (var i = lane; i < ${v.own * v.other}u; i = i + ${size(v)}u) {
  let r = i / ${v.other}u;
  let j = i % ${v.other}u;
  let at = r * ${weightStride(v.other)}u + j;
  let s = stage[r * ${stageStride(v.other)}u + j];
${body}
}
workgroupBarrier();`;
  const keep = v.dropout ? `dropped(batch, head, ${q}, ${k})` : "1.0";
  return program({
    key: keyOf(role, v),
    enable: matrixExtensions,
    storage: {
      dy: ["read", vectorOf(v.halves.dy)],
      qkv: ["read", vectorOf(v.halves.qkv)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      lse: ["read", "f32"],
      delta: ["read", "f32"],
      dqkv: ["write", vectorOf(v.halves.out)],
    },
    uniforms: uniformTypes(v),
    size: size(v),
    declare: `
${tileOf(v, "own0", v.own)}
${tileOf(v, "own1", v.own)}
${tileOf(v, "other0", v.other)}
${tileOf(v, "other1", v.other)}
var<workgroup> weights: array<f16, ${v.own * weightStride(v.other)}>;
${query ? "" : `var<workgroup> probabilities: array<f16, ${v.own * weightStride(v.other)}>;`}
var<workgroup> stage: array<f32, ${v.own * stageStride(v.other)}>;
var<workgroup> lses: array<f32, ${stats}>;
var<workgroup> deltas: array<f32, ${stats}>;
${addressing(v)}`,
    main: `
${prologue(v)}
${loadTile(v, "own0", v.own, "first", own0)}
${loadTile(v, "own1", v.own, "first", own1)}
${query ? loadStats("first") : ""}
${(query ? ["x"] : ["x", "z"]).map((name) => declareSums(v, name)).join("\n")}
for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {
${loadTile(v, "other0", v.other, "other", other0)}
${loadTile(v, "other1", v.other, "other", other1)}
${query ? "" : loadStats("other")}
workgroupBarrier();
${products(v, "own0", "other0")}
workgroupBarrier();
${forCells(`  let valid = ${q} < uniforms.seq && ${k} < uniforms.seq${insideMask(v, k!)};
  let p = select(0.0, exp(min(s * uniforms.scale - lses[${stat}], 0.0)), valid);
  weights[at] = f16(p);
  ${query ? "" : `probabilities[at] = f16(p * ${keep});`}`)}
${products(v, "own1", "other1")}
workgroupBarrier();
${forCells(`  weights[at] = f16(f32(weights[at]) * (s * ${keep} - deltas[${stat}]));`)}
${accumulate(
  v,
  query
    ? [{ name: "x", weights: "weights", tile: "other0" }]
    : [
        { name: "x", weights: "weights", tile: "other0" },
        { name: "z", weights: "probabilities", tile: "other1" },
      ],
)}
workgroupBarrier();
}
${writeSums(v, "x", "dqkv", `qkvRow(batch, at, head, ${query ? 0 : 1}u)`, "uniforms.scale * ")}
${query ? "" : writeSums(v, "z", "dqkv", "qkvRow(batch, at, head, 2u)")}`,
  });
}
