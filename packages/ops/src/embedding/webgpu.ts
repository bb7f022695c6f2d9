import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halvesKey } from "../webgpu/elementwise.ts";
import { type Result, readable, wideResult } from "../webgpu/half.ts";
import { type Host, type KernelBinding, lastAxisOf, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, programs } from "../webgpu/program.ts";
import { scatterRows } from "./webgpu-scatter.ts";

/** y[i] = weight[ids[i]], zeros for an id outside of the table. A part of the table writes what lies in it; the first, zeros too. */
const embeddingProgram = /* @__PURE__ */ programs(
  (vectors: boolean, halves: readonly [table: boolean, y: boolean]) =>
    `embedding.${vectors ? "vec4" : "scalar"}${halvesKey(halves)}`,
  (vectors, halves) => {
    const type = vectors ? "vec4<f32>" : "f32";
    const element = (half: boolean) => (half ? "vec4<f16>" : type);
    return {
      enable: halves.includes(true) ? ["f16"] : [],
      storage: { ids: ["read", "i32"], weight: ["read", element(halves[0])], y: ["write", element(halves[1])] },
      uniforms: { count: "u32", width: "u32", first: "u32", rows: "u32" },
      size: 256,
      main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let row = u32(ids[i / uniforms.width]) - uniforms.first;
if (row < uniforms.rows) {
  y[i] = ${element(halves[1])}(weight[row * uniforms.width + i % uniforms.width]);
} else if (uniforms.first == 0u) {
  y[i] = ${element(halves[1])}();
}`,
    };
  },
);

/** y [count, n] = rows of `table [rows, n]`; also gathers the selected rows of the masked cross entropy. */
export const gatherRows = (host: Host, ids: KernelBinding, table: TensorInfo, y: Result, count: number): void => {
  const n = lastAxisOf(table);
  const width = n % 4 === 0 ? n / 4 : n;
  const source = readable(host, table);
  const tableRows = sizeOf(table) / n;
  const shader = embeddingProgram(n % 4 === 0, [source.half, y.half]);
  for (const part of partsOf(host, count, n * 4)) {
    for (const cut of partsOf(host, tableRows, n * 4)) {
      host.dispatch(
        shader,
        [
          partOf(ids, count, 4, part),
          partOf(source.bound, tableRows, n * (source.half ? 2 : 4), cut),
          partOf(y.written, count, n * (y.half ? 2 : 4), part),
        ],
        { count: part.count * width, width, first: cut.first, rows: cut.count },
        grid(Math.ceil((part.count * width) / 256)),
      );
    }
  }
};

export const embeddingWebgpu = [
  webgpuKernel("CramkitEmbedding", (host, { ids, weight }) => {
    const y = wideResult(host, [...ids!.shape, lastAxisOf(weight!)]);
    gatherRows(host, ids!, weight!, y, sizeOf(ids!));
    return y.tensor;
  }),
  webgpuKernel("CramkitEmbeddingGradWeight", (host, { dy, ids }, { vocab, paddingId }) =>
    scatterRows(host, dy!, ids!, vocab as number, paddingId as number),
  ),
];
