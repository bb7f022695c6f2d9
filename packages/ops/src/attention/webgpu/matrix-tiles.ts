import { halvesKey } from "../../webgpu/elementwise.ts";
import {
  alongK,
  leftType,
  loadMatrix,
  onSubgroups,
  resultType,
  rightType,
  shareInSubgroup,
  storeMatrix,
  unitName,
} from "../../webgpu/matrix.ts";
import { range } from "../../webgpu/range.ts";
import { type AttentionMatrixVariant, type Direction, stageStride, tileStride, weightStride } from "./matrix-select.ts";

/*
 * Attention on subgroup matrices: f16 operands, float32 sums. As in webgpu-tiled.ts a workgroup owns a tile of rows of one
 * head and the other side passes by; here each of four subgroups has a strip of the own tile. Scores leave the matrix units
 * through workgroup memory, become probabilities there and go back as f16 operands.
 *
 * A subgroup matrix cannot be scaled row by row, which an online softmax needs. So the forward pass goes over the keys twice:
 * first for the maximum and the sum of each row, then with the normalised probabilities, whose product with V is only ever
 * added to. Short sequences (`held` tiles of keys) keep their scores in registers instead of computing them again. The
 * backward pass has `lse` and needs one pass.
 *
 * What happens to scores one by one is shared out by rows, always the same ones to the same invocation: `shares` invocations
 * divide a row, four columns at a time. What a row sums up then stays in their registers until the end.
 */

const widthOf = ({ unit }: AttentionMatrixVariant) => (unit.spelling === "new" ? 4 : 1);
export const size = ({ unit }: AttentionMatrixVariant) => 4 * unit.subgroup;
const strips = (v: AttentionMatrixVariant) => range(v.own / 4 / v.unit.m);
const panels = (v: AttentionMatrixVariant) => range(v.headDim / v.unit.n);

/** Rows of the own tile that a subgroup works on: its strip. */
const stripRows = (v: AttentionMatrixVariant) => v.own / 4;

/**
 * A tile of f16 in workgroup memory. What lies along the own rows is an array of strips, so that a subgroup's offsets in its
 * own strip are constants.
 */
export const tileOf = (v: AttentionMatrixVariant, name: string, rows: number, parts = 1) => {
  const width = widthOf(v);
  const part = `array<${width === 4 ? "vec4<f16>" : "f16"}, ${(rows * tileStride(v.headDim)) / parts / width}>`;
  return `var<workgroup> ${name}: ${parts === 1 ? part : `array<${part}, ${parts}>`};`;
};

export const stripsOf = (v: AttentionMatrixVariant, name: string, type: "f16" | "f32", stride: number) =>
  `var<workgroup> ${name}: array<array<${vectorType(v, type)}, ${(stripRows(v) * stride) / widthOf(v)}>, 4>;`;

/** The arrays of {@link stripsOf} hold vectors of four if matrices can be stored to and loaded from such. */
const vectorType = (v: AttentionMatrixVariant, type: "f16" | "f32") => (widthOf(v) === 4 ? `vec4<${type}>` : type);

/** Index of vector `column` of a row of what {@link stripsOf} declares. */
const indexOf = (v: AttentionMatrixVariant, name: string, stride: number, row: string, column: string) => {
  const strip = `${name}[${row} / ${stripRows(v)}u]`;
  const at = `${row} % ${stripRows(v)}u * ${stride / 4}u + ${column}`;
  return { strip, at };
};

const readVector = (v: AttentionMatrixVariant, { strip, at }: ReturnType<typeof indexOf>) =>
  widthOf(v) === 4 ? `${strip}[${at}]` : `vec4(${range(4).map((e) => `${strip}[(${at}) * 4u + ${e}u]`)})`;

const writeVector = (v: AttentionMatrixVariant, { strip, at }: ReturnType<typeof indexOf>, value: string) =>
  widthOf(v) === 4
    ? `${strip}[${at}] = vec4<f16>(${value});`
    : `{ let value = ${value}; ${range(4)
        .map((e) => `${strip}[(${at}) * 4u + ${e}u] = f16(value.${"xyzw"[e]});`)
        .join(" ")} }`;

/** Rows of an invocation, invocations that share a row, and vectors of four scores that each of them takes of it. */
export const sharing = (v: AttentionMatrixVariant): { rows: number; shares: number; vectors: number } => {
  const shares = Math.max(1, size(v) / v.own);
  return { rows: Math.max(1, v.own / size(v)), shares, vectors: v.other / 4 / shares };
};

/** Runs `body` for each `row` of an invocation, its k-th. With one row k is a constant, and arrays by k are registers. */
export const forRows = (v: AttentionMatrixVariant, body: string): string => {
  const { rows, shares } = sharing(v);
  const row = `let row = lane / ${shares}u + k * ${size(v) / shares}u;`;
  return rows === 1
    ? `{\n  const k = 0u;\n  ${row}\n${body}\n}`
    : `for (var k = 0u; k < ${rows}u; k++) {\n  ${row}\n${body}\n}`;
};

/** A vector of scores of an invocation: where in the row it is, and its index in an array by row and vector. */
export interface Cell {
  column: string;
  index: string;
}

/**
 * Runs `body` for each vector of scores of an invocation in `row`. In every 128 bytes of a row each share has a run: eight
 * invocations that read at a time then meet different banks. For software adapters a loop, like {@link alongK}.
 */
export const forCells = (v: AttentionMatrixVariant, body: (cell: Cell) => string): string => {
  const { shares, vectors } = sharing(v);
  const run = Math.min(8 / shares, vectors);
  if (v.unit.k < 16) {
    const column = `(share * ${run}u + t / ${run}u * ${run * shares}u + t % ${run}u)`;
    return `for (var t = 0u; t < ${vectors}u; t++) {\n${body({ column, index: `k * ${vectors}u + t` })}\n}`;
  }
  return range(vectors)
    .map((t) =>
      body({
        column: `(share * ${run}u + ${Math.floor(t / run) * run * shares + (t % run)}u)`,
        index: `k * ${vectors}u + ${t}u`,
      }),
    )
    .join("\n");
};

export const staged = (v: AttentionMatrixVariant, { column }: Cell) =>
  readVector(v, indexOf(v, "stage", stageStride(v.other), "row", column));
export const storeWeight = (v: AttentionMatrixVariant, name: string, { column }: Cell, value: string) =>
  writeVector(v, indexOf(v, name, weightStride(v.other), "row", column), value);

/**
 * Runs `body` for every `name` below `count`, shared out among the invocations. A fixed number of rounds: Dawn then sees that
 * the indices are in bounds, and leaves out its own checks.
 */
export const shareOut = (v: AttentionMatrixVariant, name: string, count: number, body: string): string => {
  const whole = count % size(v) === 0;
  return `for (var round = 0u; round < ${Math.ceil(count / size(v))}u; round++) {
  let ${name} = lane + round * ${size(v)}u;
  ${whole ? body : `if (${name} < ${count}u) {\n${body}\n}`}
}`;
};

/** Vectors that an invocation asks for before it waits for the first. */
const underWay = 4;

/** Copies rows of a tensor from row `first` into an f16 tile, in strips or whole; zeros beyond the sequence. */
export const loadTile = (
  v: AttentionMatrixVariant,
  tile: string,
  rows: number,
  first: string,
  part: "q" | "k" | "v" | "dy",
  inStrips = false,
): string => {
  const vectors = v.headDim / 4;
  const count = rows * vectors;
  const rounds = Math.ceil(count / size(v));
  const batch = Math.min(underWay, rounds);
  const whole = count % (batch * size(v)) === 0;
  const reads = range(batch).flatMap((u) => {
    const row = `min(row${u}, uniforms.seq - 1u)`;
    const from =
      part === "dy"
        ? `dy[outRow(batch, ${row}, head) / 4u + i${u} % ${vectors}u]`
        : `qkv[qkvRow(batch, ${row}, head, ${"qkv".indexOf(part)}u) / 4u + i${u} % ${vectors}u]`;
    return [
      `let i${u} = start + ${u * size(v)}u;`,
      `let row${u} = ${first} + i${u} / ${vectors}u;`,
      `let value${u} = vec4<f16>(${from});`,
    ];
  });
  const stores = range(batch).map((u) => {
    const r = `(i${u} / ${vectors}u)`;
    const [array, row] = inStrips ? [`${tile}[${r} / ${stripRows(v)}u]`, `${r} % ${stripRows(v)}u`] : [tile, r];
    const to = `${row} * ${tileStride(v.headDim) / 4}u + i${u} % ${vectors}u`;
    const value = `select(vec4<f16>(), value${u}, row${u} < uniforms.seq)`;
    const store =
      widthOf(v) === 4
        ? `${array}[${to}] = ${value};`
        : `{ let value = ${value}; ${range(4)
            .map((e) => `${array}[(${to}) * 4u + ${e}u] = value.${"xyzw"[e]};`)
            .join(" ")} }`;
    return whole ? store : `if (i${u} < ${count}u) { ${store} }`;
  });
  return `for (var round = 0u; round < ${Math.ceil(rounds / batch)}u; round++) {
  let start = lane + round * ${batch * size(v)}u;
  ${[...reads, ...stores].join("\n  ")}
}`;
};

/** stage = own * other^T, each subgroup its strip. */
export const products = (v: AttentionMatrixVariant, own: string, other: string): string => {
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
  const text = `${cells.map(({ i, j }) => `  var s${i}_${j} = ${resultType(unit)}();`).join("\n")}
${alongK(unit, v.headDim, step)}
${cells
  .map(({ i, j }) => {
    const place = `${i * unit.m * stageStride(v.other) + j * unit.n}u`;
    return `  ${storeMatrix(unit, "stage[strip]", place, `s${i}_${j}`, `${stageStride(v.other)}u`, width)}`;
  })
  .join("\n")}`;
  return onSubgroups(unit, 4, text);
};

/** name{i}_{j} += weights * tile, the strip of a subgroup. */
export const accumulate = (
  v: AttentionMatrixVariant,
  sums: readonly { name: string; weights: string; tile: string }[],
): string => {
  const { unit } = v;
  const [stride, across] = [tileStride(v.headDim), weightStride(v.other)];
  const left = (weights: string, i: number, k: string) =>
    loadMatrix(
      unit,
      leftType(unit),
      `${weights}[strip]`,
      `${i * unit.m * across}u + ${k}`,
      `${across}u`,
      false,
      widthOf(v),
    );
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
  return onSubgroups(unit, 4, alongK(unit, v.other, step));
};

export const declareSums = (v: AttentionMatrixVariant, name: string) =>
  strips(v)
    .flatMap((i) => panels(v).map((j) => `var ${name}${i}_${j} = ${resultType(v.unit)}();`))
    .join("\n");

/** Writes `factor * name` to rows of `array` through the stage, of which every subgroup uses its own strip. */
export const writeSums = (v: AttentionMatrixVariant, name: string, array: string, row: string, factor = ""): string => {
  const { unit } = v;
  const stride = stageStride(v.other);
  // As many matrices side by side as the stage has columns for.
  const each = v.other / unit.n;
  return strips(v)
    .flatMap((i) =>
      range(Math.ceil(panels(v).length / each)).map((p) => {
        const group = panels(v).slice(p * each, (p + 1) * each);
        const stores = group.map((j, at) =>
          storeMatrix(unit, "stage[strip]", `${at * unit.n}u`, `${name}${i}_${j}`, `${stride}u`, widthOf(v)),
        );
        const vectors = (group.length * unit.n) / 4;
        const write = shareInSubgroup(
          unit,
          "cell",
          unit.m * vectors,
          `let at = first + strip * ${stripRows(v)}u + ${i * unit.m}u + cell / ${vectors}u;
let start = cell / ${vectors}u * ${stride / 4}u + cell % ${vectors}u;
if (at < uniforms.seq) {
  let value = ${readVector(v, { strip: "stage[strip]", at: "start" })};
  ${array}[${row} / 4u + ${(p * each * unit.n) / 4}u + cell % ${vectors}u] = ${vectorOf(v.halves.out)}(${factor}value);
}`,
        );
        return [stores.join("\n"), write]
          .map((text) => `${onSubgroups(unit, 4, text)}\nworkgroupBarrier();`)
          .join("\n");
      }),
    )
    .join("\n");
};

export const vectorOf = (half: boolean) => (half ? "vec4<f16>" : "vec4<f32>");

/** Which of the four passing rows from `at` on count, and what dropout does to their scores with an own row; both end in the direction. */
export const passing = (v: AttentionMatrixVariant, direction: Direction) => `
fn passingIn_${direction}(batch: u32, at: u32) -> vec4<bool> {
  let j = vec4<u32>(at) + vec4<u32>(0u, 1u, 2u, 3u);
  let inside = j < vec4<u32>(uniforms.seq);
  ${
    v.mask && direction !== "key"
      ? `let place = batch * uniforms.seq + min(j, vec4<u32>(uniforms.seq - 1u));
  return inside & (vec4<f32>(mask[place.x], mask[place.y], mask[place.z], mask[place.w]) != vec4<f32>());`
      : "return inside;"
  }
}
${
  v.dropout
    ? `fn keepOf_${direction}(batch: u32, head: u32, row: u32, at: u32) -> vec4<f32> {
  return ${
    direction === "key"
      ? `vec4<f32>(${range(4)
          .map((e) => `dropped(batch, head, at + ${e}u, row)`)
          .join(", ")})`
      : "dropped4(batch, head, row, at)"
  };
}`
    : ""
}`;

export const prologue = (v: AttentionMatrixVariant, block = "group.x") => `
let first = ${block} * ${v.own}u;
let head = group.y;
let batch = group.z;
let strip = subgroupIndex % 4u;
let line = (batch * uniforms.heads + head) * uniforms.seq;
let share = lane % ${sharing(v).shares}u;`;

export const keyOf = (direction: Direction | "backward", v: AttentionMatrixVariant) =>
  `attention.${direction}.matrix.${unitName(v.unit)}.${v.own}x${v.other}${v.held ? `.held${v.held}` : ""}.head${v.headDim}${v.mask ? ".mask" : ""}${v.dropout ? ".dropout" : ""}${halvesKey([v.halves.qkv, v.halves.dy, v.halves.out])}`;
