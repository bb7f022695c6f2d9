import type { TensorInfo } from "@tensorflow/tfjs-core";
import { halvesKey } from "../webgpu/elementwise.ts";
import { type Result, readable, wideResult } from "../webgpu/half.ts";
import { type Host, type KernelBinding, lastAxisOf, output, sizeOf, webgpuKernel } from "../webgpu/host.ts";
import { openTerm } from "../webgpu/open-terms.ts";
import { partOf, partsOf } from "../webgpu/parts.ts";
import { grid, programs } from "../webgpu/program.ts";
import { scatterRows } from "./webgpu-scatter.ts";

/**
 * y[i] = weight[ids[i]], zeros for an id outside of the table. A part of the table writes what lies in it; the first, zeros too.
 * `added` repeats itself every `period` elements of type T.
 */
const embeddingProgram = /* @__PURE__ */ programs(
  (vectors: boolean, halves: readonly [table: boolean, y: boolean], added: boolean) =>
    `embedding.${vectors ? "vec4" : "scalar"}${added ? ".added" : ""}${halvesKey(halves)}`,
  (vectors, halves, added) => {
    const type = vectors ? "vec4<f32>" : "f32";
    const element = (half: boolean) => (half ? "vec4<f16>" : type);
    const [row, sum] = ["weight[row * uniforms.width + i % uniforms.width]", "added[i % uniforms.period]"];
    return {
      enable: halves.includes(true) ? ["f16"] : [],
      storage: {
        ids: ["read", "i32"],
        weight: ["read", element(halves[0])],
        ...(added ? { added: ["read", type] as const } : {}),
        y: ["write", element(halves[1])],
      },
      uniforms: { count: "u32", width: "u32", first: "u32", rows: "u32", ...(added ? { period: "u32" as const } : {}) },
      size: 256,
      main: `
let i = (group.x + group.y * groups.x) * 256u + lane;
if (i >= uniforms.count) { return; }
let row = u32(ids[i / uniforms.width]) - uniforms.first;
if (row < uniforms.rows) {
  y[i] = ${element(halves[1])}(${added ? `${type}(${row}) + ${sum}` : row});
} else if (uniforms.first == 0u) {
  y[i] = ${element(halves[1])}(${added ? sum : ""});
}`,
    };
  },
);

/**
 * y [count, n] = rows of `table [rows, n]`, plus `added` if that is given: the last axes of y. Also gathers the selected rows of the
 * masked cross entropy.
 */
export const gatherRows = (
  host: Host,
  ids: KernelBinding,
  table: TensorInfo,
  y: Result,
  count: number,
  added?: TensorInfo,
): void => {
  const n = lastAxisOf(table);
  const width = n % 4 === 0 ? n / 4 : n;
  const source = readable(host, table);
  const tableRows = sizeOf(table) / n;
  const shader = embeddingProgram(n % 4 === 0, [source.half, y.half], added !== undefined);
  for (const part of partsOf(host, count, n * 4)) {
    for (const cut of partsOf(host, tableRows, n * 4)) {
      host.dispatch(
        shader,
        [
          partOf(ids, count, 4, part),
          partOf(source.bound, tableRows, n * (source.half ? 2 : 4), cut),
          ...(added ? [added] : []),
          partOf(y.written, count, n * (y.half ? 2 : 4), part),
        ],
        {
          ...{ count: part.count * width, width, first: cut.first, rows: cut.count },
          ...(added ? { period: (sizeOf(added) / n) * width } : {}),
        },
        grid(Math.ceil((part.count * width) / 256)),
      );
    }
  }
};

export const embeddingWebgpu = [
  webgpuKernel("CramkitEmbedding", (host, { ids, weight }) => {
    const shape = [...ids!.shape, lastAxisOf(weight!)];
    const count = sizeOf(ids!);
    const written = (tensor: TensorInfo): Result => ({ tensor, written: tensor, half: false });
    return openTerm(host, shape, {
      operands: [ids!, weight!],
      fill: (rows) => gatherRows(host, ids!, weight!, written(rows), count),
      join: (added) => {
        const isEnd = added.shape.length > 0 && `${shape.slice(-added.shape.length)}` === `${added.shape}`;
        if (!isEnd || partsOf(host, count, lastAxisOf(weight!) * 4).length > 1) return undefined;
        const sum = wideResult(host, shape);
        gatherRows(host, ids!, weight!, sum, count, added);
        return sum.tensor;
      },
    });
  }),
  webgpuKernel("CramkitEmbeddingGradWeight", (host, { dy, ids }, attrs) => {
    const { vocab, paddingId } = attrs as { vocab: number; paddingId: number };
    const shape = [vocab, lastAxisOf(dy!)];
    const scatter = (dweight: TensorInfo, added?: TensorInfo) =>
      scatterRows(host, dy!, ids!, dweight, { padding: paddingId, added });
    return openTerm(host, shape, {
      operands: [dy!, ids!],
      fill: scatter,
      join: (added) => {
        if (`${added.shape}` !== `${shape}`) return undefined;
        const sum = output(host, shape);
        scatter(sum, added);
        return sum;
      },
    });
  }),
];
