import { cudaKernel, sizeOf, widthOf } from "../cuda/runtime.ts";

const embedding = /* @__PURE__ */ cudaKernel("CramkitEmbedding", ({ inputs, runtime, each, at }) => {
  const [ids, weight] = [inputs.ids!, inputs.weight!];
  const [vocab, hidden] = weight.shape as [number, number];
  const n = sizeOf(ids.shape) * hidden;
  const y = runtime.output([...ids.shape, hidden]);
  const width = widthOf(hidden);
  each(`gather_rows_${width}`, n / width, [at("weight"), at("ids"), y, n, hidden, vocab, 0]);
  return y;
});

const gradWeight = /* @__PURE__ */ cudaKernel("CramkitEmbeddingGradWeight", (call) => {
  const { inputs, attrs, runtime, eachRow, at, forms } = call;
  const { vocab, paddingId } = attrs as { vocab: number; paddingId: number };
  const [dy, ids] = [inputs.dy!, inputs.ids!];
  const hidden = dy.shape.at(-1)!;
  const dweight = runtime.output([vocab, hidden]);
  const { pointers, halves } = forms(dy, dweight);
  const args = [pointers[0]!, at("ids"), pointers[1]!, vocab, hidden, sizeOf(ids.shape), paddingId, 0, halves];
  eachRow(`scatter_rows_${widthOf(hidden)}`, vocab, args);
  return dweight;
});

export const embeddingCuda = [embedding, gradWeight];
