import { dropoutUniformTypes, hashWgsl } from "../dropout/webgpu.ts";
import { halvesKey } from "../webgpu/elementwise.ts";
import {
  alongK,
  leftType,
  loadMatrix,
  matrixExtensions,
  resultType,
  rightType,
  storeMatrix,
  unitName,
} from "../webgpu/matrix.ts";
import { type Program, program, programs } from "../webgpu/program.ts";
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

/** Rows of the own tile that a subgroup works on: its strip. */
const stripRows = (v: AttentionMatrixVariant) => v.own / 4;

/**
 * A tile of f16 in workgroup memory. What lies along the own rows is an array of strips, so that a subgroup's offsets in its
 * own strip are constants.
 */
const tileOf = (v: AttentionMatrixVariant, name: string, rows: number, parts = 1) => {
  const width = widthOf(v);
  const part = `array<${width === 4 ? "vec4<f16>" : "f16"}, ${(rows * tileStride(v.headDim)) / parts / width}>`;
  return `var<workgroup> ${name}: ${parts === 1 ? part : `array<${part}, ${parts}>`};`;
};

const stripsOf = (v: AttentionMatrixVariant, name: string, type: string, stride: number) =>
  `var<workgroup> ${name}: array<array<${type}, ${stripRows(v) * stride}>, 4>;`;

/** Element (r, j) of what {@link stripsOf} declares. */
const cellOf = (v: AttentionMatrixVariant, name: string, stride: number, r = "r", j = "j") =>
  `${name}[${r} / ${stripRows(v)}u][${r} % ${stripRows(v)}u * ${stride}u + ${j}]`;
const staged = (v: AttentionMatrixVariant) => cellOf(v, "stage", stageStride(v.other));

/**
 * Runs `body` for every `name` below `count`, shared out among the invocations. A fixed number of rounds: Dawn then sees that
 * the indices are in bounds, and leaves out its own checks.
 */
function shareOut(v: AttentionMatrixVariant, name: string, count: number, body: string): string {
  const whole = count % size(v) === 0;
  return `for (var round = 0u; round < ${Math.ceil(count / size(v))}u; round++) {
  let ${name} = lane + round * ${size(v)}u;
  ${whole ? body : `if (${name} < ${count}u) {\n${body}\n}`}
}`;
}

/** Copies rows of a tensor from row `first` into an f16 tile, in strips or whole; zeros beyond the sequence. */
function loadTile(
  v: AttentionMatrixVariant,
  tile: string,
  rows: number,
  first: string,
  part: "q" | "k" | "v" | "dy",
  inStrips = false,
): string {
  const vectors = v.headDim / 4;
  const from =
    part === "dy"
      ? `dy[outRow(batch, ${first} + r, head) / 4u + column]`
      : `qkv[qkvRow(batch, ${first} + r, head, ${"qkv".indexOf(part)}u) / 4u + column]`;
  const [array, row] = inStrips ? [`${tile}[r / ${stripRows(v)}u]`, `r % ${stripRows(v)}u`] : [tile, "r"];
  const to = `${row} * ${tileStride(v.headDim) / 4}u + column`;
  const store =
    widthOf(v) === 4
      ? `${array}[${to}] = value;`
      : range(4)
          .map((e) => `${array}[(${to}) * 4u + ${e}u] = value.${"xyzw"[e]};`)
          .join(" ");
  return shareOut(
    v,
    "i",
    rows * vectors,
    `let r = i / ${vectors}u;
  let column = i % ${vectors}u;
  var value = vec4<f16>();
  if (${first} + r < uniforms.seq) { value = vec4<f16>(${from}); }
  ${store}`,
  );
}

/** stage = own * other^T, each subgroup its strip. */
function products(v: AttentionMatrixVariant, own: string, other: string): string {
  const { unit } = v;
  const stride = tileStride(v.headDim);
  const width = widthOf(v);
  const columns = range(v.other / unit.n);
  const load = (type: string, array: string, row: number, k: string, columnMajor: boolean) =>
    loadMatrix(unit, type, array, `${row * stride}u + ${k}`, `${stride}u`, columnMajor, width);
  const step = (k: string) => [
    ...strips(v).map((i) => `let left${i} = ${load(leftType(unit), `${own}[strip]`, i * unit.m, k, false)};`),
    ...columns.flatMap((j) => [
      `let right${j} = ${load(rightType(unit), other, j * unit.n, k, true)};`,
      ...strips(v).map((i) => `s${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, s${i}_${j});`),
    ]),
  ];
  const cells = strips(v).flatMap((i) => columns.map((j) => ({ i, j })));
  return `if (subgroupIndex < 4u) {
${cells.map(({ i, j }) => `  var s${i}_${j} = ${resultType(unit)}();`).join("\n")}
${alongK(unit, v.headDim, step)}
${cells
  .map(({ i, j }) => {
    const place = `${i * unit.m * stageStride(v.other) + j * unit.n}u`;
    return `  ${storeMatrix(unit, "stage[strip]", place, `s${i}_${j}`, `${stageStride(v.other)}u`)}`;
  })
  .join("\n")}
}`;
}

/** name{i}_{j} += weights * tile, the strip of a subgroup. */
function accumulate(
  v: AttentionMatrixVariant,
  sums: readonly { name: string; weights: string; tile: string }[],
): string {
  const { unit } = v;
  const [stride, across] = [tileStride(v.headDim), weightStride(v.other)];
  const left = (weights: string, i: number, k: string) =>
    loadMatrix(unit, leftType(unit), `${weights}[strip]`, `${i * unit.m * across}u + ${k}`, `${across}u`, false);
  const right = (tile: string, j: number, k: string) =>
    loadMatrix(unit, rightType(unit), tile, `${k} * ${stride}u + ${j * unit.n}u`, `${stride}u`, false, widthOf(v));
  const step = (k: string) =>
    sums.flatMap(({ name, weights, tile }) => [
      ...strips(v).map((i) => `let ${name}W${i} = ${left(weights, i, k)};`),
      ...panels(v).flatMap((j) => [
        `let ${name}V${j} = ${right(tile, j, k)};`,
        ...strips(v).map(
          (i) => `${name}${i}_${j} = subgroupMatrixMultiplyAccumulate(${name}W${i}, ${name}V${j}, ${name}${i}_${j});`,
        ),
      ]),
    ]);
  return `if (subgroupIndex < 4u) {
${alongK(unit, v.other, step)}
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
          storeMatrix(unit, "stage[strip]", `${at * unit.n}u`, `${name}${i}_${j}`, `${stride}u`),
        );
        const vectors = (group.length * unit.n) / 4;
        return `if (subgroupIndex < 4u) { ${stores.join(" ")} }
workgroupBarrier();
if (subgroupIndex < 4u) {
  for (var cell = subgroupLane; cell < ${unit.m * vectors}u; cell = cell + subgroupSize) {
    let at = first + strip * ${stripRows(v)}u + ${i * unit.m}u + cell / ${vectors}u;
    let start = cell / ${vectors}u * ${stride}u + cell % ${vectors}u * 4u;
    if (at < uniforms.seq) {
      let value = vec4<f32>(${range(4)
        .map((e) => `stage[strip][start + ${e}u]`)
        .join(", ")});
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
let strip = subgroupIndex % 4u;
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
export const attentionForwardMatrixProgram = /* @__PURE__ */ programs(
  (v: AttentionMatrixVariant) => keyOf("forward", v),
  forward,
);

function forward(v: AttentionMatrixVariant): Program {
  const forKeys = (body: string) =>
    `for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {\n${body}\n}`;
  const forRows = (body: string) => shareOut(v, "r", v.own, body);
  // Each row starts at another column: rows are read by neighbours at a time, from different banks.
  const turned = `let j = (i + r) % ${v.other}u;
    let s = ${staged(v)} * uniforms.scale;`;
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
${tileOf(v, "queries", v.own, 4)}
${tileOf(v, "tile", v.other)}
${stripsOf(v, "weights", "f16", weightStride(v.other))}
${stripsOf(v, "stage", "f32", stageStride(v.other))}
var<workgroup> tops: array<f32, ${v.own}>;
var<workgroup> totals: array<f32, ${v.own}>;
${addressing(v)}`,
    main: `
${prologue(v)}
${loadTile(v, "queries", v.own, "first", "q", true)}
${forRows(`  tops[r] = -3.0e38;
  totals[r] = 0.0;`)}
${forKeys(`${loadTile(v, "tile", v.other, "other", "k")}
workgroupBarrier();
${products(v, "queries", "tile")}
workgroupBarrier();
${forRows(`  let before = tops[r];
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
  totals[r] = total;`)}
workgroupBarrier();`)}
${forRows(`  tops[r] = select(0.0, tops[r] + log(totals[r]), totals[r] > 0.0);
  if (first + r < uniforms.seq) { lse[line + first + r] = tops[r]; }`)}
${declareSums(v, "o")}
${forKeys(`${loadTile(v, "tile", v.other, "other", "k")}
workgroupBarrier();
${products(v, "queries", "tile")}
workgroupBarrier();
${loadTile(v, "tile", v.other, "other", "v")}
${shareOut(
  v,
  "i",
  v.own * v.other,
  `  let r = i / ${v.other}u;
  let j = i % ${v.other}u;
  let valid = other + j < uniforms.seq${insideMask(v, "other + j")};
  let p = select(0.0, exp(min(${staged(v)} * uniforms.scale - tops[r], 0.0)), valid);
  ${cellOf(v, "weights", weightStride(v.other))} = f16(${v.dropout ? "p * dropped(batch, head, first + r, other + j)" : "p"});`,
)}
workgroupBarrier();
${accumulate(v, [{ name: "o", weights: "weights", tile: "tile" }])}
workgroupBarrier();`)}
${writeSums(v, "o", "y", "outRow(batch, at, head)")}`,
  });
}

/** The backward pass of queries (dQ) or of keys (dK, dV); see attentionBackwardProgram in webgpu-tiled.ts. */
export const attentionBackwardMatrixProgram = /* @__PURE__ */ programs(
  (v: AttentionMatrixVariant, role: "query" | "key") => keyOf(role, v),
  backward,
);

function backward(v: AttentionMatrixVariant, role: "query" | "key"): Program {
  const query = role === "query";
  const [own0, own1, other0, other1] = query ? (["q", "dy", "k", "v"] as const) : (["k", "v", "q", "dy"] as const);
  const stats = query ? v.own : v.other;
  const loadStats = (from: string) =>
    shareOut(
      v,
      "r",
      stats,
      `  let at = min(${from} + r, uniforms.seq - 1u);
  lses[r] = lse[line + at];
  deltas[r] = delta[line + at];`,
    );
  const [q, k] = query ? ["first + r", "other + j"] : ["other + j", "first + r"];
  const stat = query ? "r" : "j";
  const forCells = (body: string) => {
    const cell = `  let r = i / ${v.other}u;
  let j = i % ${v.other}u;
  let s = ${staged(v)};
${body}`;
    return `${shareOut(v, "i", v.own * v.other, cell)}\nworkgroupBarrier();`;
  };
  const weight = cellOf(v, "weights", weightStride(v.other));
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
${tileOf(v, "own0", v.own, 4)}
${tileOf(v, "own1", v.own, 4)}
${tileOf(v, "other0", v.other)}
${tileOf(v, "other1", v.other)}
${stripsOf(v, "weights", "f16", weightStride(v.other))}
${query ? "" : stripsOf(v, "probabilities", "f16", weightStride(v.other))}
${stripsOf(v, "stage", "f32", stageStride(v.other))}
var<workgroup> lses: array<f32, ${stats}>;
var<workgroup> deltas: array<f32, ${stats}>;
${addressing(v)}`,
    main: `
${prologue(v)}
${loadTile(v, "own0", v.own, "first", own0, true)}
${loadTile(v, "own1", v.own, "first", own1, true)}
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
  ${weight} = f16(p);
  ${query ? "" : `${cellOf(v, "probabilities", weightStride(v.other))} = f16(p * ${keep});`}`)}
${products(v, "own1", "other1")}
workgroupBarrier();
${forCells(`  ${weight} = f16(f32(${weight}) * (s * ${keep} - deltas[${stat}]));`)}
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
