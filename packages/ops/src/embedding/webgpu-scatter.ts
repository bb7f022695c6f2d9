import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, lastAxisOf, output, release, sizeOf } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, type Program, program, programs } from "../webgpu/program.ts";

/*
 * Row v of the result is the sum of the rows of `dy` with id v. In two steps, so that a frequent id is not one long sum, and
 * without float atomics, so that the sums are the same every time: positions are cut into chunks of 64, in each of which the
 * first position of an id collects the others; then each row of the result looks for the collectors of its id.
 */
const chunk = 64;

/** `ranges[id]` is the first collector of an id, `ranges[vocab + id]` the last one; empty if first > last. */
const clearProgram: Program = /* @__PURE__ */ program({
  key: "scatter.clear",
  storage: { ranges: ["write", "u32"] },
  uniforms: { vocab: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < 2u * uniforms.vocab) { ranges[i] = select(0u, 0xffffffffu, i < uniforms.vocab); }`,
});

/**
 * One workgroup a chunk (and 64 columns): `roles[i]` is 0 for a position that another one collects or that has no row, 1 for
 * one that is alone with its id in the chunk, 2 for a collector, whose sum is then in `partial[i]`.
 */
const collectProgram = /* @__PURE__ */ programs(
  (vectors: boolean) => `scatter.collect.${vectors ? "vec4" : "scalar"}`,
  (vectors) => ({
    storage: {
      ids: ["read", "i32"],
      dy: ["read", "T"],
      roles: ["write", "u32"],
      ranges: ["write", "atomic<u32>"],
      partial: ["write", "T"],
    },
    uniforms: { count: "u32", width: "u32", vocab: "u32", padding: "u32" },
    size: chunk,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};
var<workgroup> own: array<u32, ${chunk}>;
var<workgroup> same: array<vec2<u32>, ${chunk}>;`,
    main: `
let base = (group.x + group.y * groups.x) * ${chunk}u;
let at = base + lane;
var id = 0xffffffffu;
if (at < uniforms.count) { id = u32(ids[at]); }
if (id == uniforms.padding || id >= uniforms.vocab) { id = 0xffffffffu; }
own[lane] = id;
workgroupBarrier();
var mask = vec2<u32>();
var leads = id != 0xffffffffu;
for (var j = 0u; j < ${chunk}u; j++) {
  if (own[j] != id) { continue; }
  if (j < 32u) { mask.x |= 1u << j; } else { mask.y |= 1u << (j - 32u); }
  if (j < lane) { leads = false; }
}
let collects = leads && countOneBits(mask.x) + countOneBits(mask.y) > 1u;
same[lane] = select(vec2<u32>(), mask, collects);
if (group.z == 0u && at < uniforms.count) {
  roles[at] = select(select(0u, 1u, leads), 2u, collects);
  if (leads) {
    atomicMin(&ranges[id], at);
    atomicMax(&ranges[uniforms.vocab + id], at);
  }
}
workgroupBarrier();
let column = group.z * ${chunk}u + lane;
if (column < uniforms.width) {
  for (var i = 0u; i < ${chunk}u; i++) {
    var bits = same[i];
    if (all(bits == vec2<u32>())) { continue; }
    var sum = T();
    while (bits.x != 0u) {
      sum += dy[(base + countTrailingZeros(bits.x)) * uniforms.width + column];
      bits.x &= bits.x - 1u;
    }
    while (bits.y != 0u) {
      sum += dy[(base + 32u + countTrailingZeros(bits.y)) * uniforms.width + column];
      bits.y &= bits.y - 1u;
    }
    partial[(base + i) * uniforms.width + column] = sum;
  }
}`,
  }),
);

/** One workgroup a row of the result: finds the collectors of its id between the first and the last, 256 positions at a time. */
const gatherProgram = /* @__PURE__ */ programs(
  (vectors: boolean, added: boolean) => `scatter.gather.${vectors ? "vec4" : "scalar"}${added ? ".added" : ""}`,
  (vectors, added) => ({
    storage: {
      ids: ["read", "i32"],
      roles: ["read", "u32"],
      ranges: ["read", "u32"],
      dy: ["read", "T"],
      partial: ["read", "T"],
      ...(added ? { added: ["read", "T"] as const } : {}),
      dweight: ["write", "T"],
    },
    uniforms: { count: "u32", width: "u32", vocab: "u32", firstRow: "u32", rows: "u32", add: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};
var<workgroup> found: array<atomic<u32>, 8>;`,
    main: `
let row = group.x + group.y * groups.x;
if (row >= uniforms.rows) { return; }
let id = uniforms.firstRow + row;
let column = group.z * 256u + lane;
let mine = column < uniforms.width;
let first = ranges[id];
let last = ranges[uniforms.vocab + id];
var sum = T();
if (first <= last) {
  for (var base = first; base <= last; base = base + 256u) {
    if (lane < 8u) { atomicStore(&found[lane], 0u); }
    workgroupBarrier();
    let at = min(base + lane, uniforms.count - 1u);
    if (base + lane <= last && roles[at] != 0u && u32(ids[at]) == id) {
      atomicOr(&found[lane / 32u], 1u << (lane % 32u));
    }
    workgroupBarrier();
    for (var word = 0u; word < 8u; word++) {
      var bits = atomicLoad(&found[word]);
      while (bits != 0u) {
        let start = base + word * 32u + countTrailingZeros(bits);
        bits = bits & (bits - 1u);
        if (mine) {
          let source = start * uniforms.width + column;
          if (roles[start] == 2u) { sum += partial[source]; } else { sum += dy[source]; }
        }
      }
    }
    workgroupBarrier();
  }
}
if (mine) {
  let to = row * uniforms.width + column;
  ${added ? "sum += added[to];" : "if (uniforms.add != 0u) { sum += dweight[to]; }"}
  dweight[to] = sum;
}`,
  }),
);

/** `dweight [vocab, n]`: row v is the sum of the rows of `dy [count, n]` with id v, and of `added` like dweight; `padding` gets none. */
export const scatterRows = (
  host: Host,
  dy: TensorInfo,
  ids: TensorInfo,
  dweight: TensorInfo,
  {
    padding = -1,
    added,
  }: {
    /** @defaultValue every row gets its sum */
    padding?: number;
    /** @defaultValue nothing is added */
    added?: TensorInfo;
  } = {},
): void => {
  const [count, n] = [sizeOf(ids), lastAxisOf(dy)];
  const vocab = dweight.shape[0]!;
  const vectors = n % 4 === 0;
  const width = vectors ? n / 4 : n;
  const ranges = host.makeTensorInfo([2, vocab], "int32");
  partsOf(host, count, n * 4).forEach((part, i) => {
    const idsPart = partOf(ids, count, 4, part);
    const dyPart = partOf(dy, count, n * 4, part);
    const roles = host.makeTensorInfo([part.count], "int32");
    const partial = output(host, [part.count, n]);
    host.dispatch(clearProgram, [ranges], { vocab }, grid(Math.ceil((2 * vocab) / 256)));
    const [x, y] = grid(Math.ceil(part.count / chunk));
    host.dispatch(
      collectProgram(vectors),
      [idsPart, dyPart, roles, ranges, partial],
      { count: part.count, width, vocab, padding: padding >>> 0 },
      [x, y, Math.ceil(width / chunk)],
    );
    for (const cut of partsOf(host, vocab, n * 4)) {
      const [x, y] = grid(cut.count);
      host.dispatch(
        gatherProgram(vectors, added !== undefined && i === 0),
        [
          ...[idsPart, roles, ranges, dyPart, partial],
          ...(added && i === 0 ? [partOf(added, vocab, n * 4, cut)] : []),
          partOf(dweight, vocab, n * 4, cut),
        ],
        { count: part.count, width, vocab, firstRow: cut.first, rows: cut.count, add: i > 0 ? 1 : 0 },
        [x, y, Math.ceil(width / 256)],
      );
    }
    release(host, roles, partial);
  });
  release(host, ranges);
};
