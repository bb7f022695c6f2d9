import { range } from "../../webgpu/range.ts";
import {
  type AttentionTile,
  type AttentionVariant,
  attentionTiles,
  attentionVectors,
  paddedVectors,
} from "./select.ts";

/*
 * Attention without matrix units. A workgroup works on `own` rows of one head (queries, or keys in the backward pass of keys
 * and values) and lets the other side pass by in tiles of `other` rows. Two places in workgroup memory take turns: `own` holds
 * what is multiplied from the left (rows of one tensor, then the weights made of the scores), `other` the passing rows of one
 * tensor. Nothing stays there from tile to tile: rows come again from the caches, and the memory that this saves is
 * what lets several workgroups run at a time.
 *
 * Invocation (team, sharer) has the scores of the own rows team, team + teams, ... with the passing rows sharer, sharer +
 * sharers, ...; then, of the same own rows, the vectors sharer, sharer + sharers, ... of the result. Weights are stored four at
 * a time: element e of vector `group * sharers + s` of a row belongs to the passing row s + (4 * group + e) * sharers.
 */

export const attentionKey = (direction: string, v: AttentionVariant): string =>
  `attention.${direction}.tiled.${v.operand}.${v.tile}.head${v.headDim}${v.mask ? ".mask" : ""}${v.dropout ? ".dropout" : ""}`;

export const element = (v: AttentionVariant) => (v.vectors ? "vec4<f32>" : "f32");
const wide = (v: AttentionVariant, text: string) => (v.operand === "f16" ? `vec4<f32>(${text})` : text);
const narrow = (v: AttentionVariant, text: string) => (v.operand === "f16" ? `vec4<f16>(${text})` : text);
export const tileOf = (v: AttentionVariant): AttentionTile => attentionTiles[v.tile];
const teams = (v: AttentionVariant) => tileOf(v).own / tileOf(v).rows;
export const sharers = (v: AttentionVariant) => tileOf(v).other / tileOf(v).columns;
export const size = (v: AttentionVariant) => teams(v) * sharers(v);
const vectorsOf = (v: AttentionVariant) => Math.ceil(v.headDim / 4);
/** Vectors of the result that an invocation holds for each of its rows. */
export const panels = (v: AttentionVariant) => Math.ceil(vectorsOf(v) / sharers(v));
export const rows = (v: AttentionVariant) => range(tileOf(v).rows);
export const columns = (v: AttentionVariant) => range(tileOf(v).columns);
export const ownRow = (v: AttentionVariant, i: number) => `(team + ${i * teams(v)}u)`;
export const passingRow = (v: AttentionVariant, j: number | string) =>
  typeof j === "number" ? `(sharer + ${j * sharers(v)}u)` : j;

/** Where weights are: over the own rows, whose scores are made by then, or beside them if the types differ. */
const weightsOf = (v: AttentionVariant) => (v.operand === "f32" ? "own" : "weights");

/** The workgroup memory of all directions. */
export const places = (v: AttentionVariant): string => {
  const { own, other, weights } = attentionVectors(v);
  const type = v.operand === "f16" ? "vec4<f16>" : "vec4<f32>";
  return `var<workgroup> own: array<${type}, ${own}>;
var<workgroup> other: array<${type}, ${other}>;
${weights > 0 ? `var<workgroup> weights: array<vec4<f32>, ${weights}>;` : ""}`;
};

/** `name(first, column)`: four elements of a tensor's row from flat index `first`, zero beyond the head. */
export const reader = (v: AttentionVariant, name: string, array: string): string => {
  if (v.vectors) return `fn ${name}(first: u32, column: u32) -> vec4<f32> { return ${array}[first / 4u + column]; }`;
  const lanes = range(4).map(
    (e) => `if (column * 4u + ${e}u < ${v.headDim}u) { value.${"xyzw"[e]} = ${array}[first + column * 4u + ${e}u]; }`,
  );
  return `fn ${name}(first: u32, column: u32) -> vec4<f32> {
  var value = vec4<f32>();
  ${lanes.join("\n  ")}
  return value;
}`;
};

export const writer = (v: AttentionVariant, name: string, array: string): string => {
  if (v.vectors)
    return `fn ${name}(first: u32, column: u32, value: vec4<f32>) { ${array}[first / 4u + column] = value; }`;
  const lanes = range(4).map(
    (e) => `if (column * 4u + ${e}u < ${v.headDim}u) { ${array}[first + column * 4u + ${e}u] = value.${"xyzw"[e]}; }`,
  );
  return `fn ${name}(first: u32, column: u32, value: vec4<f32>) {
  ${lanes.join("\n  ")}
}`;
};

/** A sum that takes four operations, not five. */
export const addDot = `
fn addDot(a: vec4<f32>, b: vec4<f32>, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}`;

export type Read = (row: string, column: string) => string;

/** Vectors that an invocation asks for before it waits for the first. */
const underWay = 8;

/** Copies rows of a tensor into a place, zeros beyond the sequence. */
export const load = (v: AttentionVariant, place: "own" | "other", read: Read): string => {
  const vectors = vectorsOf(v);
  const count = tileOf(v)[place] * vectors;
  const rounds = Math.ceil(count / size(v));
  const batch = Math.min(underWay, rounds);
  const whole = count % (batch * size(v)) === 0;
  const reads = range(batch).flatMap((u) => [
    `let i${u} = start + ${u * size(v)}u;`,
    `let row${u} = ${place === "own" ? "first" : "passing"} + i${u} / ${vectors}u;`,
    `let value${u} = ${read(`min(row${u}, uniforms.seq - 1u)`, `i${u} % ${vectors}u`)};`,
  ]);
  const stores = range(batch).map((u) => {
    const value = `select(vec4<f32>(), value${u}, row${u} < uniforms.seq)`;
    const store = `${place}[i${u} / ${vectors}u * ${paddedVectors(v.headDim)}u + i${u} % ${vectors}u] = ${narrow(v, value)};`;
    return whole ? store : `if (i${u} < ${count}u) { ${store} }`;
  });
  return `for (var round = 0u; round < ${Math.ceil(rounds / batch)}u; round++) {
  let start = lane + round * ${batch * size(v)}u;
  ${[...reads, ...stores].join("\n  ")}
}`;
};

/** name{i}_{j} = the inner product of own row i and passing row j of this invocation. */
export const products = (v: AttentionVariant, name: string): string => {
  const stride = paddedVectors(v.headDim);
  return [
    ...rows(v).flatMap((i) => columns(v).map((j) => `var ${name}${i}_${j} = 0.0;`)),
    `for (var c = 0u; c < ${vectorsOf(v)}u; c++) {`,
    ...rows(v).map((i) => `  let a${i} = ${wide(v, `own[${ownRow(v, i)} * ${stride}u + c]`)};`),
    ...columns(v).flatMap((j) => [
      `  let b${j} = ${wide(v, `other[${passingRow(v, j)} * ${stride}u + c]`)};`,
      ...rows(v).map((i) => `  ${name}${i}_${j} = addDot(a${i}, b${j}, ${name}${i}_${j});`),
    ]),
    "}",
  ].join("\n");
};

/** Puts name{i}_{j} where {@link accumulate} reads its weights. */
export const storeWeights = (v: AttentionVariant, name: string): string => {
  const across = tileOf(v).other / 4;
  return rows(v)
    .flatMap((i) =>
      range(tileOf(v).columns / 4).map((g) => {
        const four = range(4).map((e) => `${name}${i}_${4 * g + e}`);
        return `${weightsOf(v)}[${ownRow(v, i)} * ${across}u + ${g * sharers(v)}u + sharer] = vec4<f32>(${four.join(", ")});`;
      }),
    )
    .join("\n");
};

/** name{i}_{c} += the weights of own row i times the passing rows, vector c of this invocation. */
export const accumulate = (v: AttentionVariant, name: string): string => {
  const across = tileOf(v).other / 4;
  const stride = paddedVectors(v.headDim);
  const vector = (c: number) => {
    const at = `sharer + ${c * sharers(v)}u`;
    return vectorsOf(v) % sharers(v) === 0 ? at : `min(${at}, ${stride - 1}u)`;
  };
  const group = (g: number) => [
    `for (var s = 0u; s < ${sharers(v)}u; s++) {`,
    ...rows(v).map((i) => `  let w${i} = ${weightsOf(v)}[${ownRow(v, i)} * ${across}u + ${g * sharers(v)}u + s];`),
    ...range(4).flatMap((e) =>
      range(panels(v)).flatMap((c) => [
        `  let b${e}_${c} = ${wide(v, `other[(s + ${(4 * g + e) * sharers(v)}u) * ${stride}u + ${vector(c)}]`)};`,
        ...rows(v).map((i) => `  ${name}${i}_${c} = fma(vec4<f32>(w${i}.${"xyzw"[e]}), b${e}_${c}, ${name}${i}_${c});`),
      ]),
    ),
    "}",
  ];
  return range(tileOf(v).columns / 4)
    .flatMap(group)
    .join("\n");
};

export const declareSums = (v: AttentionVariant, name: string) =>
  rows(v)
    .flatMap((i) => range(panels(v)).map((c) => `var ${name}${i}_${c} = vec4<f32>();`))
    .join("\n");

export const writeSums = (
  v: AttentionVariant,
  name: string,
  write: (row: string, column: string, value: string, i: number) => string,
): string =>
  rows(v)
    .map((i) => {
      const stores = range(panels(v)).map((c) => {
        const column = `sharer + ${c * sharers(v)}u`;
        return `if (${column} < ${vectorsOf(v)}u) { ${write("row", column, `${name}${i}_${c}`, i)} }`;
      });
      return `{
  let row = first + ${ownRow(v, i)};
  if (row < uniforms.seq) {
    ${stores.join("\n    ")}
  }
}`;
    })
    .join("\n");

/** Invocations that share the sum of a row. */
const deltaShares = (v: AttentionVariant, place: "own" | "other") => size(v) / tileOf(v)[place];

/** Shares of the inner products of dy and y in the rows of a place, for {@link deltasOf}. */
export const deltaPlace = (v: AttentionVariant): string => `var<workgroup> deltas: array<f32, ${size(v)}>;`;

/**
 * Computes them, with the rows of dy and y straight from memory: those of dy are about to be copied, so they come once. That is less
 * than to have them all computed, written and read by a kernel of their own.
 */
export const shareDeltas = (v: AttentionVariant, place: "own" | "other"): string => {
  const shares = deltaShares(v, place);
  const row = `min(${place === "own" ? "first" : "passing"} + lane / ${shares}u, uniforms.seq - 1u)`;
  return `{
  let start = outRow(batch, ${row}, head);
  var sum = 0.0;
  for (var c = lane % ${shares}u; c < ${vectorsOf(v)}u; c = c + ${shares}u) { sum = addDot(readDy(start, c), readY(start, c), sum); }
  deltas[lane] = sum;
}`;
};

/** `delta{n}` of this invocation's own or passing rows, after a barrier. */
export const deltasOf = (v: AttentionVariant, place: "own" | "other"): string => {
  const shares = deltaShares(v, place);
  return (place === "own" ? rows(v) : columns(v))
    .map((n) => {
      const row = place === "own" ? ownRow(v, n) : passingRow(v, n);
      return `let delta${n} = ${range(shares)
        .map((s) => `deltas[${row} * ${shares}u + ${s}u]`)
        .join(" + ")};`;
    })
    .join("\n");
};

/** Whether own row i (`rowIn{i}`) or passing row j (`columnIn{j}`) counts, with its `lse` if asked for. */
export const facts = (v: AttentionVariant, side: "row" | "column", { masked = false, stats = false }): string => {
  const place = (n: number) => (side === "row" ? `first + ${ownRow(v, n)}` : `passing + ${passingRow(v, n)}`);
  return (side === "row" ? rows(v) : columns(v))
    .flatMap((n) => [
      `let ${side}${n} = min(${place(n)}, uniforms.seq - 1u);`,
      `let ${side}In${n} = ${place(n)} < uniforms.seq${masked ? ` && mask[batch * uniforms.seq + ${side}${n}] != 0.0` : ""};`,
      ...(stats ? [`let lse${n} = lse[line + ${side}${n}];`] : []),
    ])
    .join("\n");
};

export const prologue = (v: AttentionVariant, block = "group.x") => `
let first = ${block} * ${tileOf(v).own}u;
let head = group.y;
let batch = group.z;
let team = lane / ${sharers(v)}u;
let sharer = lane % ${sharers(v)}u;
let line = (batch * uniforms.heads + head) * uniforms.seq;`;

/** Runs `body` for every tile of passing rows, of which `passing` is the first. */
export const forPassing = (v: AttentionVariant, body: string) =>
  `for (var passing = 0u; passing < uniforms.seq; passing = passing + ${tileOf(v).other}u) {\n${body}\n}`;
