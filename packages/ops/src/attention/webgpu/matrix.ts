import { matrixHeader } from "../../webgpu/matrix.ts";
import { type ProgramSource, programs } from "../../webgpu/program.ts";
import { range } from "../../webgpu/range.ts";
import { addressing, uniformTypes } from "./addressing.ts";
import { type AttentionMatrixVariant, stageStride, weightStride } from "./matrix-select.ts";
import {
  accumulate,
  type Cell,
  declareSums,
  forCells,
  forRows,
  keyOf,
  loadTile,
  passing,
  products,
  prologue,
  shareOut,
  sharing,
  size,
  staged,
  storeWeight,
  stripsOf,
  tileOf,
  vectorOf,
  writeSums,
} from "./matrix-tiles.ts";
import { eitherRole, type Role } from "./roles.ts";

/* The fused attention on subgroup matrices; webgpu-matrix-tiles.ts says how its work is divided. */

/** qkv (, mask) -> y, lse. */
export const attentionForwardMatrixProgram = /* @__PURE__ */ programs(
  (v: AttentionMatrixVariant) => keyOf("forward", v),
  forward,
);

function forward(v: AttentionMatrixVariant): ProgramSource {
  const { rows, shares, vectors } = sharing(v);
  /** Tiles of keys at once: those that are held, or the one that passes. */
  const tiles = v.held ? range(v.held).map((h) => `${h * v.other}u`) : ["other"];
  const score = (h: number, { index }: Cell) => `scores[${h * rows * vectors}u + ${index}]`;
  const forKeys = (body: string) =>
    v.held ? body : `for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {\n${body}\n}`;
  /** Scores of a tile of keys, far below zero if there is none. */
  const multiply = (first: string, h: number) => `${loadTile(v, "tile", v.other, first, "k")}
workgroupBarrier();
${products(v, "queries", "tile")}
workgroupBarrier();
${forRows(
  v,
  forCells(v, (cell) => {
    const scaled = `${staged(v, cell)} * uniforms.scale`;
    return `${score(h, cell)} = select(vec4<f32>(-3.0e38), ${scaled}, passingIn_forward(batch, ${first} + ${cell.column} * 4u));`;
  }),
)}`;
  /** Brings the maximum and the sum of each row up to date with these scores. */
  const gather = () => {
    const forAll = (body: (name: string) => string) =>
      tiles.map((_, h) => forCells(v, (cell) => body(score(h, cell)))).join("\n");
    const term = (name: string) => `select(vec4<f32>(), exp(${name} - next), ${name} > vec4<f32>(-1.0e38))`;
    return forRows(
      v,
      `var most = vec4<f32>(top[k]);
${forAll((name) => `most = max(most, ${name});`)}
let next = max(max(most.x, most.y), max(most.z, most.w));
var sum = vec4<f32>();
${forAll((name) => `sum += ${term(name)};`)}
total[k] = total[k] * exp(top[k] - next) + sum.x + sum.y + sum.z + sum.w;
top[k] = next;`,
    );
  };
  const part = (s: number | string) => `parts[row * ${shares}u + ${s}]`;
  const shared = range(shares).map((s) => part(`${s}u`));
  const merge = forRows(
    v,
    `let top = ${shared.map((each) => `${each}.x`).reduce((all, each) => `max(${all}, ${each})`)};
let total = ${shared.map((each) => `${each}.y * exp(${each}.x - top)`).join(" + ")};
logs[k] = select(0.0, top + log(total), total > 0.0);
if (share == 0u && first + row < uniforms.seq) { lse[line + first + row] = logs[k]; }`,
  );
  const addUp = (first: string, h: number) => {
    const weigh = forCells(v, (cell) => {
      const keep = v.dropout ? ` * keepOf_forward(batch, head, first + row, ${first} + ${cell.column} * 4u)` : "";
      const p = `exp(min(${score(h, cell)} - logs[k], vec4<f32>()))${keep}`;
      return storeWeight(v, "weights", cell, `select(vec4<f32>(), ${p}, ${score(h, cell)} > vec4<f32>(-1.0e38))`);
    });
    return `${loadTile(v, "tile", v.other, first, "v")}
${forRows(v, weigh)}
workgroupBarrier();
${accumulate(v, [{ name: "o", weights: "weights", tile: "tile" }])}
workgroupBarrier();`;
  };
  return {
    ...matrixHeader(v.unit),
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
var<workgroup> parts: array<vec2<f32>, ${v.own * shares}>;
${addressing(v)}
${passing(v, "forward")}`,
    main: `
${prologue(v)}
${loadTile(v, "queries", v.own, "first", "q", true)}
var scores: array<vec4<f32>, ${tiles.length * rows * vectors}>;
var top: array<f32, ${rows}>;
var total: array<f32, ${rows}>;
var logs: array<f32, ${rows}>;
${forRows(v, "top[k] = -3.0e38;")}
${forKeys(`${tiles.map(multiply).join("\n")}
${gather()}`)}
${forRows(v, `${part("share")} = vec2<f32>(top[k], total[k]);`)}
workgroupBarrier();
${merge}
${declareSums(v, "o")}
${forKeys(tiles.map((first, h) => `${v.held ? "" : multiply(first, h)}\n${addUp(first, h)}`).join("\n"))}
${writeSums(v, "o", "y", "outRow(batch, at, head)")}`,
  };
}

/** The backward pass of queries (dQ) or of keys (dK, dV); see attentionBackwardProgram in webgpu-tiled.ts. */
export const attentionBackwardMatrixProgram = /* @__PURE__ */ programs(
  (v: AttentionMatrixVariant, role: Role) => keyOf(role, v),
  (v, role) => backward(v, [role]),
);

/** Both in one dispatch, whose workgroups take turns: those of one head read the same rows at about the same time. */
export const attentionBothMatrixProgram = /* @__PURE__ */ programs(
  (v: AttentionMatrixVariant) => keyOf("backward", v),
  (v) => backward(v, ["query", "key"]),
);

function backward(v: AttentionMatrixVariant, roles: readonly Role[]): ProgramSource {
  const key = roles.includes("key");
  const stats = Math.max(...roles.map((role) => (role === "query" ? v.own : v.other)));
  return {
    ...matrixHeader(v.unit),
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
${key ? stripsOf(v, "probabilities", "f16", weightStride(v.other)) : ""}
${stripsOf(v, "stage", "f32", stageStride(v.other))}
var<workgroup> lses: array<f32, ${stats}>;
var<workgroup> deltas: array<f32, ${stats}>;
${addressing(v)}
${roles.map((role) => passing(v, role)).join("")}`,
    main: eitherRole(roles, (role, block) => backwardOf(v, role, block)),
  };
}

const backwardOf = (v: AttentionMatrixVariant, role: Role, block: string): string => {
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
  const { rows, vectors } = sharing(v);
  const stat = (name: string, { column }: Cell) =>
    query ? `${name}[row]` : `vec4<f32>(${range(4).map((e) => `${name}[${column} * 4u + ${e}u]`)})`;
  const ownIn = `first + row < uniforms.seq${v.mask && !query ? " && mask[batch * uniforms.seq + min(first + row, uniforms.seq - 1u)] != 0.0" : ""}`;
  const keep = ({ column }: Cell) =>
    v.dropout ? ` * keepOf_${role}(batch, head, first + row, other + ${column} * 4u)` : "";
  /** The probabilities, of which those that dropout keeps are the weights of dV. */
  const exponents = forCells(v, (cell) => {
    const p = `p[${cell.index}]`;
    const exponent = `${staged(v, cell)} * uniforms.scale - ${stat("lses", cell)}`;
    const inside = `passingIn_${role}(batch, other + ${cell.column} * 4u) & vec4<bool>(ownIn)`;
    return `${p} = select(vec4<f32>(), exp(min(${exponent}, vec4<f32>())), ${inside});
${query ? "" : storeWeight(v, "probabilities", cell, `(${p}${keep(cell)})`)}`;
  });
  const weights = forCells(v, (cell) => {
    const difference = `${staged(v, cell)}${keep(cell)} - ${stat("deltas", cell)}`;
    return storeWeight(v, "weights", cell, `(p[${cell.index}] * (${difference}))`);
  });
  return `
${prologue(v, block)}
${loadTile(v, "own0", v.own, "first", own0, true)}
${loadTile(v, "own1", v.own, "first", own1, true)}
${query ? loadStats("first") : ""}
${(query ? ["x"] : ["x", "z"]).map((name) => declareSums(v, name)).join("\n")}
var p: array<vec4<f32>, ${rows * vectors}>;
for (var other = 0u; other < uniforms.seq; other = other + ${v.other}u) {
${loadTile(v, "other0", v.other, "other", other0)}
${loadTile(v, "other1", v.other, "other", other1)}
${query ? "" : loadStats("other")}
workgroupBarrier();
${products(v, "own0", "other0")}
workgroupBarrier();
${forRows(v, `let ownIn = ${ownIn};\n${exponents}`)}
workgroupBarrier();
${products(v, "own1", "other1")}
workgroupBarrier();
${forRows(v, weights)}
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
workgroupBarrier();
}
${writeSums(v, "x", "dqkv", `qkvRow(batch, at, head, ${query ? 0 : 1}u)`, "uniforms.scale * ")}
${query ? "" : writeSums(v, "z", "dqkv", "qkvRow(batch, at, head, 2u)")}`;
};
