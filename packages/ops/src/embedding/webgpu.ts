import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Host, lastAxisOf, output, release, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, type Program, program } from "../webgpu/program.ts";

/** y[i] = weight[ids[i]], zeros for an id outside of the table. */
const embeddingProgram = (vectors: boolean): Program =>
  program({
    key: `embedding.${vectors ? "vec4" : "scalar"}`,
    storage: { ids: ["read", "i32"], weight: ["read", "T"], y: ["write", "T"] },
    uniforms: { count: "u32", width: "u32", vocab: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};`,
    main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let id = u32(ids[i / uniforms.width]);
var value = T();
if (id < uniforms.vocab) { value = weight[id * uniforms.width + i % uniforms.width]; }
y[i] = value;`,
  });

/** Where each id occurs first and last: `ranges[id] = first`, `ranges[vocab + id] = last`. */
const clearRanges: Program = program({
  key: "embedding.gradient.clear",
  storage: { ranges: ["write", "u32"] },
  uniforms: { vocab: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i < 2u * uniforms.vocab) { ranges[i] = select(0u, 0xffffffffu, i < uniforms.vocab); }`,
});

const findRanges: Program = program({
  key: "embedding.gradient.find",
  storage: { ids: ["read", "i32"], ranges: ["write", "atomic<u32>"] },
  uniforms: { count: "u32", vocab: "u32" },
  size: 256,
  main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let id = u32(ids[i]);
if (id >= uniforms.vocab) { return; }
atomicMin(&ranges[id], i);
atomicMax(&ranges[uniforms.vocab + id], i);`,
});

/**
 * One workgroup a row of the table: it looks for its id between its first and last occurrence, 256 ids at a time, and adds
 * the rows of dy in the order of their positions. Integer atomics only, so the sums are the same every time.
 */
const embeddingGradProgram = (vectors: boolean): Program =>
  program({
    key: `embedding.gradient.${vectors ? "vec4" : "scalar"}`,
    storage: { ids: ["read", "i32"], ranges: ["read", "u32"], dy: ["read", "T"], dweight: ["write", "T"] },
    uniforms: { count: "u32", width: "u32", vocab: "u32", padding: "u32", add: "u32" },
    size: 256,
    declare: `alias T = ${vectors ? "vec4<f32>" : "f32"};
var<workgroup> found: array<atomic<u32>, 8>;`,
    main: `
let id = group.x + group.y * groups.x;
if (id >= uniforms.vocab) { return; }
let column = group.z * 256u + lane;
let mine = column < uniforms.width;
let first = ranges[id];
let last = ranges[uniforms.vocab + id];
var sum = T();
if (first <= last && id != uniforms.padding) {
  for (var base = first; base <= last; base = base + 256u) {
    if (lane < 8u) { atomicStore(&found[lane], 0u); }
    workgroupBarrier();
    if (base + lane <= last && u32(ids[min(base + lane, uniforms.count - 1u)]) == id) {
      atomicOr(&found[lane / 32u], 1u << (lane % 32u));
    }
    workgroupBarrier();
    for (var word = 0u; word < 8u; word++) {
      var bits = atomicLoad(&found[word]);
      while (bits != 0u) {
        let at = base + word * 32u + countTrailingZeros(bits);
        bits = bits & (bits - 1u);
        if (mine) { sum += dy[at * uniforms.width + column]; }
      }
    }
    workgroupBarrier();
  }
}
if (mine) {
  let at = id * uniforms.width + column;
  if (uniforms.add != 0u) { sum += dweight[at]; }
  dweight[at] = sum;
}`,
  });

/** y [count, n] = rows of `table [vocab, n]`; also gathers the selected rows of the masked cross entropy. */
export function gatherRows(host: Host, ids: TensorInfo, table: TensorInfo, y: TensorInfo): void {
  const [count, n] = [sizeOf(ids), lastAxisOf(table)];
  const width = n % 4 === 0 ? n / 4 : n;
  for (const part of partsOf(host, count, n * 4)) {
    host.dispatch(
      embeddingProgram(n % 4 === 0),
      [partOf(ids, count, 4, part), table, partOf(y, count, n * 4, part)],
      { count: part.count * width, width, vocab: table.shape[0]! },
      grid(Math.ceil((part.count * width) / 256)),
    );
  }
}

/** `[vocab, n]`: row v is the sum of the rows of `dy [count, n]` with id v; `padding` gets none. */
export function scatterRows(host: Host, dy: TensorInfo, ids: TensorInfo, vocab: number, padding = -1): TensorInfo {
  const [count, n] = [sizeOf(ids), lastAxisOf(dy)];
  const width = n % 4 === 0 ? n / 4 : n;
  const dweight = output(host, [vocab, n]);
  const ranges = host.makeTensorInfo([2, vocab], "int32");
  partsOf(host, count, n * 4).forEach((part, i) => {
    const idsPart = partOf(ids, count, 4, part);
    host.dispatch(clearRanges, [ranges], { vocab }, grid(Math.ceil((2 * vocab) / 256)));
    host.dispatch(findRanges, [idsPart, ranges], { count: part.count, vocab }, grid(Math.ceil(part.count / 256)));
    const [x, y] = grid(vocab);
    host.dispatch(
      embeddingGradProgram(n % 4 === 0),
      [idsPart, ranges, partOf(dy, count, n * 4, part), dweight],
      { count: part.count, width, vocab, padding: padding >>> 0, add: i > 0 ? 1 : 0 },
      [x, y, Math.ceil(width / 256)],
    );
  });
  release(host, ranges);
  return dweight;
}

export const embeddingWebgpu = [
  webgpuKernel("CramkitEmbedding", (host, { ids, weight }) => {
    const y = output(host, [...ids!.shape, lastAxisOf(weight!)]);
    gatherRows(host, ids!, weight!, y);
    return y;
  }),
  webgpuKernel("CramkitEmbeddingGradWeight", (host, { dy, ids }, { vocab, paddingId }) =>
    scatterRows(host, dy!, ids!, vocab as number, paddingId as number),
  ),
];
