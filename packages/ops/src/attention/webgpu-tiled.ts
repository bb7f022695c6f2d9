import { dropoutUniformTypes, hashWgsl } from "../dropout/webgpu.ts";
import { halvesKey } from "../webgpu/elementwise.ts";
import { type Program, program, programs } from "../webgpu/program.ts";
import { type AttentionVariant, paddedVectors, rowsEach, sharers } from "./webgpu-select.ts";

/*
 * Attention without matrix units. A workgroup owns `own` rows of one head (queries, or keys in the backward pass of keys and
 * values) and lets the other side pass by in tiles of `other` rows. Invocation (team, sharer) works on the rows
 * team, team + teams, ... of its own tile; the `sharers` of a row divide the passing rows, and then the columns of the result.
 */

const key = (direction: string, v: AttentionVariant): string =>
  `attention.${direction}.tiled.${v.operand}.${v.own}x${v.other}.head${v.headDim}${v.mask ? ".mask" : ""}${v.dropout ? ".dropout" : ""}`;

const uniformTypes = (v: AttentionVariant) => ({
  seq: "u32" as const,
  heads: "u32" as const,
  firstBatch: "u32" as const,
  scale: "f32" as const,
  ...(v.dropout ? dropoutUniformTypes : {}),
});

const element = (v: AttentionVariant) => (v.vectors ? "vec4<f32>" : "f32");
const shared = (v: AttentionVariant) => (v.operand === "f16" ? "vec4<f16>" : "vec4<f32>");
const wide = (v: AttentionVariant, text: string) => (v.operand === "f16" ? `vec4<f32>(${text})` : text);
const narrow = (v: AttentionVariant, text: string) => (v.operand === "f16" ? `vec4<f16>(${text})` : text);
const range = (n: number) => [...Array(n).keys()];

/** Vectors of the result that an invocation holds for each of its rows. */
const columnsEach = (v: AttentionVariant) => Math.ceil(Math.ceil(v.headDim / 4) / sharers);
const teams = (v: AttentionVariant) => v.own / rowsEach;

/** `name(first, column)`: four elements of a tensor's row from flat index `first`, zero beyond the head. */
function reader(v: AttentionVariant, name: string, array: string): string {
  if (v.vectors) return `fn ${name}(first: u32, column: u32) -> vec4<f32> { return ${array}[first / 4u + column]; }`;
  const lanes = range(4).map(
    (e) => `if (column * 4u + ${e}u < ${v.headDim}u) { value.${"xyzw"[e]} = ${array}[first + column * 4u + ${e}u]; }`,
  );
  return `fn ${name}(first: u32, column: u32) -> vec4<f32> {
  var value = vec4<f32>();
  ${lanes.join("\n  ")}
  return value;
}`;
}

function writer(v: AttentionVariant, name: string, array: string): string {
  if (v.vectors)
    return `fn ${name}(first: u32, column: u32, value: vec4<f32>) { ${array}[first / 4u + column] = value; }`;
  const lanes = range(4).map(
    (e) => `if (column * 4u + ${e}u < ${v.headDim}u) { ${array}[first + column * 4u + ${e}u] = value.${"xyzw"[e]}; }`,
  );
  return `fn ${name}(first: u32, column: u32, value: vec4<f32>) {
  ${lanes.join("\n  ")}
}`;
}

/** Flat index of a row of q (part 0), k (1) or v (2), and of a row of y or dy; a sum that takes four operations, not five. */
const functions = (v: AttentionVariant) => `
fn addDot(a: vec4<f32>, b: vec4<f32>, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}
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

/** Copies `count` rows of a tensor from row `first` into a tile, zeros beyond the sequence. */
function loadTile(
  v: AttentionVariant,
  tile: string,
  count: number,
  first: string,
  read: (row: string, column: string) => string,
): string {
  const vectors = Math.ceil(v.headDim / 4);
  return `for (var i = lane; i < ${count * vectors}u; i = i + ${teams(v) * sharers}u) {
  let r = i / ${vectors}u;
  let column = i % ${vectors}u;
  var value = vec4<f32>();
  if (${first} + r < uniforms.seq) { value = ${read(`${first} + r`, "column")}; }
  ${tile}[r * ${paddedVectors(v.headDim)}u + column] = ${narrow(v, "value")};
}`;
}

/** Inner products of this invocation's own rows with its share of the passing rows: `name{i}_{j}`. */
function products(v: AttentionVariant, pairs: readonly { name: string; own: string; other: string }[]): string {
  const each = Math.max(1, v.other / sharers);
  const vectors = Math.ceil(v.headDim / 4);
  const stride = paddedVectors(v.headDim);
  const lines: string[] = [];
  for (const { name } of pairs)
    for (const i of range(rowsEach)) for (const j of range(each)) lines.push(`var ${name}${i}_${j} = 0.0;`);
  lines.push(`for (var c = 0u; c < ${vectors}u; c++) {`);
  for (const { name, own, other } of pairs) {
    for (const i of range(rowsEach))
      lines.push(`  let ${name}A${i} = ${wide(v, `${own}[(team + ${i * teams(v)}u) * ${stride}u + c]`)};`);
    for (const j of range(each))
      lines.push(
        `  let ${name}B${j} = ${wide(v, `${other}[((sharer + ${j * sharers}u) % ${v.other}u) * ${stride}u + c]`)};`,
      );
    for (const i of range(rowsEach))
      for (const j of range(each))
        lines.push(`  ${name}${i}_${j} = addDot(${name}A${i}, ${name}B${j}, ${name}${i}_${j});`);
  }
  lines.push("}");
  return lines.join("\n");
}

/** Runs `body(i, j, row, other)` for every product; where there are fewer passing rows than sharers, the first ones write. */
function forProducts(v: AttentionVariant, body: (i: number, j: number, row: string, other: string) => string): string {
  const each = Math.max(1, v.other / sharers);
  const text = range(rowsEach)
    .flatMap((i) =>
      range(each).map((j) => `{\n${body(i, j, `(team + ${i * teams(v)}u)`, `(sharer + ${j * sharers}u)`)}\n}`),
    )
    .join("\n");
  return v.other < sharers ? `if (sharer < ${v.other}u) {\n${text}\n}` : text;
}

/** Adds weights[row][j] * tile[j] over the passing rows to the accumulators `name{i}_{c}`. */
function accumulate(v: AttentionVariant, sums: readonly { name: string; weights: string; tile: string }[]): string {
  const stride = paddedVectors(v.headDim);
  const lines = [`for (var j = 0u; j < ${v.other}u; j++) {`];
  for (const { name, weights, tile } of sums) {
    for (const i of range(rowsEach))
      lines.push(`  let ${name}W${i} = ${weights}[(team + ${i * teams(v)}u) * ${v.other + 1}u + j];`);
    for (const c of range(columnsEach(v))) {
      lines.push(
        `  let ${name}V${c} = ${wide(v, `${tile}[j * ${stride}u + min(sharer + ${c * sharers}u, ${stride - 1}u)]`)};`,
      );
      for (const i of range(rowsEach)) lines.push(`  ${name}${i}_${c} += ${name}W${i} * ${name}V${c};`);
    }
  }
  lines.push("}");
  return lines.join("\n");
}

const declareSums = (v: AttentionVariant, name: string) =>
  range(rowsEach)
    .flatMap((i) => range(columnsEach(v)).map((c) => `var ${name}${i}_${c} = vec4<f32>();`))
    .join("\n");

function writeSums(
  v: AttentionVariant,
  name: string,
  write: (row: string, column: string, value: string) => string,
  factor = "",
): string {
  return range(rowsEach)
    .map((i) => {
      const stores = range(columnsEach(v)).map(
        (c) =>
          `if (sharer + ${c * sharers}u < ${Math.ceil(v.headDim / 4)}u) { ${write("row", `sharer + ${c * sharers}u`, `${name}${i}_${c}${factor}`)} }`,
      );
      return `{
  let local = team + ${i * teams(v)}u;
  let row = first + local;
  if (row < uniforms.seq) {
    ${stores.join("\n    ")}
  }
}`;
    })
    .join("\n");
}

const prologue = (v: AttentionVariant) => `
let first = group.x * ${v.own}u;
let head = group.y;
let batch = group.z;
let team = lane / ${sharers}u;
let sharer = lane % ${sharers}u;
let line = (batch * uniforms.heads + head) * uniforms.seq;`;

/** qkv (, mask) -> y, lse. Online softmax over tiles of keys, exact up to rounding. */
export const attentionForwardProgram = /* @__PURE__ */ programs((v: AttentionVariant) => key("forward", v), forward);

function forward(v: AttentionVariant): Program {
  const stride = paddedVectors(v.headDim);
  return program({
    key: key("forward", v),
    enable: v.operand === "f16" ? ["f16"] : [],
    storage: {
      qkv: ["read", element(v)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      y: ["write", element(v)],
      lse: ["write", "f32"],
    },
    uniforms: uniformTypes(v),
    size: teams(v) * sharers,
    declare: `
var<workgroup> queries: array<${shared(v)}, ${v.own * stride}>;
var<workgroup> tile: array<${shared(v)}, ${v.other * stride}>;
var<workgroup> scores: array<f32, ${v.own * (v.other + 1)}>;
var<workgroup> tops: array<f32, ${v.own}>;
var<workgroup> totals: array<f32, ${v.own}>;
var<workgroup> factors: array<f32, ${v.own}>;
${functions(v)}
${reader(v, "readQkv", "qkv")}
${writer(v, "writeY", "y")}`,
    main: `
${prologue(v)}
${loadTile(v, "queries", v.own, "first", (row, column) => `uniforms.scale * readQkv(qkvRow(batch, ${row}, head, 0u), ${column})`)}
if (lane < ${v.own}u) {
  tops[lane] = -3.0e38;
  totals[lane] = 0.0;
}
${declareSums(v, "o")}
for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {
  workgroupBarrier();
${loadTile(v, "tile", v.other, "other", (row, column) => `readQkv(qkvRow(batch, ${row}, head, 1u), ${column})`)}
  workgroupBarrier();
${products(v, [{ name: "s", own: "queries", other: "tile" }])}
${forProducts(v, (i, j, row, other) => {
  const valid = `other + ${other} < uniforms.seq${v.mask ? ` && mask[batch * uniforms.seq + min(other + ${other}, uniforms.seq - 1u)] != 0.0` : ""}`;
  return `scores[${row} * ${v.other + 1}u + ${other}] = select(-3.0e38, s${i}_${j}, ${valid});`;
})}
  workgroupBarrier();
${loadTile(v, "tile", v.other, "other", (row, column) => `readQkv(qkvRow(batch, ${row}, head, 2u), ${column})`)}
  if (lane < ${v.own}u) {
    let at = lane * ${v.other + 1}u;
    let before = tops[lane];
    var top = before;
    for (var j = 0u; j < ${v.other}u; j++) { top = max(top, scores[at + j]); }
    var total = 0.0;
    for (var j = 0u; j < ${v.other}u; j++) {
      let s = scores[at + j];
      let p = select(exp(s - top), 0.0, s < -1.0e38);
      total += p;
      scores[at + j] = ${v.dropout ? "p * dropped(batch, head, first + lane, other + j)" : "p"};
    }
    let factor = select(exp(before - top), 0.0, before < -1.0e38);
    tops[lane] = top;
    totals[lane] = totals[lane] * factor + total;
    factors[lane] = factor;
  }
  workgroupBarrier();
${range(rowsEach)
  .flatMap((i) => [
    `  let f${i} = factors[team + ${i * teams(v)}u];`,
    ...range(columnsEach(v)).map((c) => `  o${i}_${c} *= f${i};`),
  ])
  .join("\n")}
${accumulate(v, [{ name: "o", weights: "scores", tile: "tile" }])}
}
${writeSums(
  v,
  "o",
  (row, column, value) =>
    `writeY(outRow(batch, ${row}, head), ${column}, select(vec4<f32>(), ${value} / totals[local], totals[local] > 0.0));`,
)}
if (lane < ${v.own}u && first + lane < uniforms.seq) {
  lse[line + first + lane] = select(0.0, tops[lane] + log(totals[lane]), totals[lane] > 0.0);
}`,
  });
}

/** delta [batch, heads, seq] = the inner products of dy and y in each head. One invocation a row of a head. */
export const attentionDeltaProgram = (headDim: number, halves: readonly [dy: boolean, y: boolean]): Program => {
  const width = headDim % 4 === 0 ? 4 : 1;
  const type = width === 4 ? "vec4<f32>" : "f32";
  const element = (half: boolean) => (half ? "vec4<f16>" : type);
  const product = width === 4 ? "dot(T(dy[at]), T(y[at]))" : "dy[at] * y[at]";
  return program({
    key: `attention.delta.head${headDim}${halvesKey(halves)}`,
    enable: halves.includes(true) ? ["f16"] : [],
    storage: { dy: ["read", element(halves[0])], y: ["read", element(halves[1])], delta: ["write", "f32"] },
    uniforms: { count: "u32", seq: "u32", heads: "u32" },
    size: 64,
    declare: `alias T = ${type};`,
    main: `
let i = (group.x + group.y * groups.x) * 64u + lane;
if (i >= uniforms.count) { return; }
let head = i % uniforms.heads;
let row = i / uniforms.heads;
var sum = 0.0;
for (var e = 0u; e < ${headDim / width}u; e++) {
  let at = i * ${headDim / width}u + e;
  sum += ${product};
}
delta[(row / uniforms.seq * uniforms.heads + head) * uniforms.seq + row % uniforms.seq] = sum;`,
  });
};

/**
 * The backward pass of queries (a workgroup owns queries, keys pass by: dQ) or of keys (it owns keys, queries pass by: dK and
 * dV). Probabilities are recomputed from `lse`; nothing is added atomically, each element of dqkv is written once.
 */
export const attentionBackwardProgram = /* @__PURE__ */ programs(
  (v: AttentionVariant, role: "query" | "key") => key(role, v),
  backward,
);

function backward(v: AttentionVariant, role: "query" | "key"): Program {
  const stride = paddedVectors(v.headDim);
  const query = role === "query";
  const ownParts = query ? ["q", "dy"] : ["k", "v"];
  const otherParts = query ? ["k", "v"] : ["q", "dy"];
  const read = (part: string) => (row: string, column: string) =>
    part === "dy"
      ? `readDy(outRow(batch, ${row}, head), ${column})`
      : `readQkv(qkvRow(batch, ${row}, head, ${{ q: 0, k: 1, v: 2 }[part]}u), ${column})`;
  const stats = query ? v.own : v.other;
  const loadStats = (first: string, count: number) => `if (lane < ${count}u) {
  let at = min(${first} + lane, uniforms.seq - 1u);
  lses[lane] = lse[line + at];
  deltas[lane] = delta[line + at];
}`;
  const size = teams(v) * sharers;
  const score = (i: number, j: number, row: string, other: string) => {
    const [q, k] = query ? [`first + ${row}`, `other + ${other}`] : [`other + ${other}`, `first + ${row}`];
    const stat = query ? row : other;
    const inside = `${q} < uniforms.seq && ${k} < uniforms.seq`;
    return `let valid = ${inside}${v.mask ? ` && mask[batch * uniforms.seq + min(${k}, uniforms.seq - 1u)] != 0.0` : ""};
let p = select(0.0, exp(min(s${i}_${j} * uniforms.scale - lses[${stat}], 80.0)), valid);
${v.dropout ? `let keep = dropped(batch, head, ${q}, ${k});` : ""}
weights[${row} * ${v.other + 1}u + ${other}] = p * (d${i}_${j}${v.dropout ? " * keep" : ""} - deltas[${stat}]) * uniforms.scale;
${query ? "" : `probabilities[${row} * ${v.other + 1}u + ${other}] = p${v.dropout ? " * keep" : ""};`}`;
  };
  return program({
    key: key(role, v),
    enable: v.operand === "f16" ? ["f16"] : [],
    storage: {
      dy: ["read", element(v)],
      qkv: ["read", element(v)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      lse: ["read", "f32"],
      delta: ["read", "f32"],
      dqkv: ["write", element(v)],
    },
    uniforms: uniformTypes(v),
    size,
    declare: `
var<workgroup> own0: array<${shared(v)}, ${v.own * stride}>;
var<workgroup> own1: array<${shared(v)}, ${v.own * stride}>;
var<workgroup> other0: array<${shared(v)}, ${v.other * stride}>;
var<workgroup> other1: array<${shared(v)}, ${v.other * stride}>;
var<workgroup> weights: array<f32, ${v.own * (v.other + 1)}>;
${query ? "" : `var<workgroup> probabilities: array<f32, ${v.own * (v.other + 1)}>;`}
var<workgroup> lses: array<f32, ${stats}>;
var<workgroup> deltas: array<f32, ${stats}>;
${functions(v)}
${reader(v, "readQkv", "qkv")}
${reader(v, "readDy", "dy")}
${writer(v, "writeDqkv", "dqkv")}`,
    main: `
${prologue(v)}
${ownParts.map((part, i) => loadTile(v, `own${i}`, v.own, "first", read(part))).join("\n")}
${query ? loadStats("first", v.own) : ""}
${(query ? ["x"] : ["x", "z"]).map((name) => declareSums(v, name)).join("\n")}
for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {
  workgroupBarrier();
${otherParts.map((part, i) => loadTile(v, `other${i}`, v.other, "other", read(part))).join("\n")}
${query ? "" : loadStats("other", v.other)}
  workgroupBarrier();
${products(v, [
  { name: "s", own: "own0", other: "other0" },
  { name: "d", own: "own1", other: "other1" },
])}
${forProducts(v, score)}
  workgroupBarrier();
${accumulate(
  v,
  query
    ? [{ name: "x", weights: "weights", tile: "other0" }]
    : [
        { name: "x", weights: "weights", tile: "other0" },
        { name: "z", weights: "probabilities", tile: "other1" },
      ],
)}
}
${writeSums(v, "x", (row, column, value) => `writeDqkv(qkvRow(batch, ${row}, head, ${query ? 0 : 1}u), ${column}, ${value});`)}
${query ? "" : writeSums(v, "z", (row, column, value) => `writeDqkv(qkvRow(batch, ${row}, head, 2u), ${column}, ${value});`)}`,
  });
}
