import { type ProgramSource, programs } from "../../webgpu/program.ts";
import { range } from "../../webgpu/range.ts";
import { addressing, uniformTypes } from "./addressing.ts";
import { eitherRole, type Role } from "./roles.ts";
import type { AttentionVariant } from "./select.ts";
import {
  accumulate,
  addDot,
  attentionKey,
  columns,
  declareSums,
  deltaPlace,
  deltasOf,
  element,
  facts,
  forPassing,
  load,
  ownRow,
  panels,
  passingRow,
  places,
  products,
  prologue,
  type Read,
  reader,
  rows,
  shareDeltas,
  sharers,
  size,
  storeWeights,
  tileOf,
  writer,
  writeSums,
} from "./tiles.ts";

/* The fused attention without matrix units; webgpu-tiles.ts says how its work is divided. */

/** qkv (, mask) -> y, lse. Online softmax over tiles of keys, exact up to rounding. */
export const attentionForwardProgram = /* @__PURE__ */ programs(
  (v: AttentionVariant) => attentionKey("forward", v),
  forward,
);

function forward(v: AttentionVariant): ProgramSource {
  const read =
    (part: number): Read =>
    (row, column) =>
      `readQkv(qkvRow(batch, ${row}, head, ${part}u), ${column})`;
  const scaled: Read = (row, column) => `uniforms.scale * ${read(0)(row, column)}`;
  const partial = (i: number, s: string) => `partials[${ownRow(v, i)} * ${sharers(v)}u + ${s}]`;
  const probability = (i: number, j: number) => [
    `s${i}_${j} = select(0.0, exp(s${i}_${j} - top${i}), columnIn${j});`,
    `total${i} += s${i}_${j};`,
    ...(v.dropout
      ? [`s${i}_${j} *= dropped(batch, head, first + ${ownRow(v, i)}, passing + ${passingRow(v, j)});`]
      : []),
  ];
  return {
    enable: v.operand === "f16" ? ["f16"] : [],
    storage: {
      qkv: ["read", element(v)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      y: ["write", element(v)],
      lse: ["write", "f32"],
    },
    uniforms: uniformTypes(v),
    size: size(v),
    declare: `
${places(v)}
var<workgroup> partials: array<f32, ${tileOf(v).own * sharers(v)}>;
${addDot}
${addressing(v)}
${reader(v, "readQkv", "qkv")}
${writer(v, "writeY", "y")}`,
    main: `
${prologue(v)}
${declareSums(v, "o")}
${rows(v)
  .map((i) => `var top${i} = -3.0e38;\nvar total${i} = 0.0;`)
  .join("\n")}
${forPassing(
  v,
  `workgroupBarrier();
${load(v, "own", scaled)}
${load(v, "other", read(1))}
${facts(v, "column", { masked: v.mask })}
workgroupBarrier();
${products(v, "s")}
${rows(v)
  .map((i) => {
    const scores = columns(v).map((j) => `select(-3.0e38, s${i}_${j}, columnIn${j})`);
    return `${partial(i, "sharer")} = ${scores.reduce((top, score) => `max(${top}, ${score})`)};`;
  })
  .join("\n")}
workgroupBarrier();
${load(v, "other", read(2))}
${rows(v)
  .map((i) => `let before${i} = top${i};`)
  .join("\n")}
for (var s = 0u; s < ${sharers(v)}u; s++) {
${rows(v)
  .map((i) => `  top${i} = max(top${i}, ${partial(i, "s")});`)
  .join("\n")}
}
${rows(v)
  .flatMap((i) => [
    `let factor${i} = select(exp(before${i} - top${i}), 0.0, before${i} < -1.0e38);`,
    `total${i} *= factor${i};`,
    ...range(panels(v)).map((c) => `o${i}_${c} *= factor${i};`),
    ...columns(v).flatMap((j) => probability(i, j)),
  ])
  .join("\n")}
${storeWeights(v, "s")}
workgroupBarrier();
${accumulate(v, "o")}`,
)}
${rows(v)
  .map((i) => `${partial(i, "sharer")} = total${i};`)
  .join("\n")}
workgroupBarrier();
${rows(v)
  .map((i) => `total${i} = 0.0;`)
  .join("\n")}
for (var s = 0u; s < ${sharers(v)}u; s++) {
${rows(v)
  .map((i) => `  total${i} += ${partial(i, "s")};`)
  .join("\n")}
}
${writeSums(
  v,
  "o",
  (row, column, value, i) =>
    `writeY(outRow(batch, ${row}, head), ${column}, select(vec4<f32>(), ${value} / total${i}, total${i} > 0.0));`,
)}
if (sharer == 0u) {
${rows(v)
  .map(
    (i) =>
      `  if (first + ${ownRow(v, i)} < uniforms.seq) { lse[line + first + ${ownRow(v, i)}] = select(0.0, top${i} + log(total${i}), total${i} > 0.0); }`,
  )
  .join("\n")}
}`,
  };
}

/**
 * The backward pass of queries (a workgroup owns queries, keys pass by: dQ) or of keys (it owns keys, queries pass by: dK and
 * dV). Probabilities are recomputed from `lse`; nothing is added atomically, each element of dqkv is written once.
 */
export const attentionBackwardProgram = /* @__PURE__ */ programs(
  (v: AttentionVariant, role: Role) => attentionKey(role, v),
  (v, role) => backward(v, [role]),
);

/** Both in one dispatch, whose workgroups take turns. */
export const attentionBothProgram = /* @__PURE__ */ programs(
  (v: AttentionVariant) => attentionKey("backward", v),
  (v) => backward(v, ["query", "key"]),
);

function backward(v: AttentionVariant, roles: readonly Role[]): ProgramSource {
  return {
    enable: v.operand === "f16" ? ["f16"] : [],
    storage: {
      dy: ["read", element(v)],
      qkv: ["read", element(v)],
      ...(v.mask ? { mask: ["read", "f32"] as const } : {}),
      lse: ["read", "f32"],
      y: ["read", element(v)],
      dqkv: ["write", element(v)],
    },
    uniforms: uniformTypes(v),
    size: size(v),
    declare: `
${places(v)}
${deltaPlace(v)}
${addDot}
${addressing(v)}
${reader(v, "readQkv", "qkv")}
${reader(v, "readDy", "dy")}
${reader(v, "readY", "y")}
${writer(v, "writeDqkv", "dqkv")}`,
    main: eitherRole(roles, (role, block) => backwardOf(v, role, block)),
  };
}

const backwardOf = (v: AttentionVariant, role: Role, block: string): string => {
  const query = role === "query";
  const [own0, own1, other0, other1] = query ? (["q", "dy", "k", "v"] as const) : (["k", "v", "q", "dy"] as const);
  const read =
    (part: "q" | "k" | "v" | "dy"): Read =>
    (row, column) =>
      part === "dy"
        ? `readDy(outRow(batch, ${row}, head), ${column})`
        : `readQkv(qkvRow(batch, ${row}, head, ${"qkv".indexOf(part)}u), ${column})`;
  const sides = {
    row: facts(v, "row", { masked: v.mask && !query, stats: query }),
    column: facts(v, "column", { masked: v.mask && query, stats: !query }),
  };
  /** From the products s = q k^T and d = dy v^T to the weights of dQ or dK (in d) and of dV (in s). */
  const weigh = (i: number, j: number) => {
    const [row, column] = [`first + ${ownRow(v, i)}`, `passing + ${passingRow(v, j)}`];
    const [q, k, stat] = query ? [row, column, i] : [column, row, j];
    const keep = v.dropout ? " * keep" : "";
    return `{
  let p = select(0.0, exp(min(s${i}_${j} * uniforms.scale - lse${stat}, 80.0)), rowIn${i} && columnIn${j});
  ${v.dropout ? `let keep = dropped(batch, head, ${q}, ${k});` : ""}
  d${i}_${j} = p * (d${i}_${j}${keep} - delta${stat}) * uniforms.scale;
  ${query ? "" : `s${i}_${j} = p${keep};`}
}`;
  };
  return `
${prologue(v, block)}
${sides.row}
${query ? `${shareDeltas(v, "own")}\nworkgroupBarrier();\n${deltasOf(v, "own")}` : ""}
${(query ? ["x"] : ["x", "z"]).map((name) => declareSums(v, name)).join("\n")}
${forPassing(
  v,
  `workgroupBarrier();
${query ? "" : shareDeltas(v, "other")}
${load(v, "own", read(own1))}
${load(v, "other", read(other1))}
${sides.column}
workgroupBarrier();
${query ? "" : deltasOf(v, "other")}
${products(v, "d")}
workgroupBarrier();
${load(v, "own", read(own0))}
${load(v, "other", read(other0))}
workgroupBarrier();
${products(v, "s")}
${rows(v)
  .flatMap((i) => columns(v).map((j) => weigh(i, j)))
  .join("\n")}
workgroupBarrier();
${storeWeights(v, "d")}
workgroupBarrier();
${accumulate(v, "x")}
${
  query
    ? ""
    : `workgroupBarrier();
${storeWeights(v, "s")}
${load(v, "other", read(other1))}
workgroupBarrier();
${accumulate(v, "z")}`
}`,
)}
${writeSums(v, "x", (row, column, value) => `writeDqkv(qkvRow(batch, ${row}, head, ${query ? 0 : 1}u), ${column}, ${value});`)}
${query ? "" : writeSums(v, "z", (row, column, value) => `writeDqkv(qkvRow(batch, ${row}, head, 2u), ${column}, ${value});`)}`;
};
