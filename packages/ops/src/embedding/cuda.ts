import { cudaKernel, sizeOf } from "../cuda/runtime.ts";

const embedding = /* @__PURE__ */ cudaKernel("CramkitEmbedding", ({ inputs, runtime, each }) => {
  const [ids, weight] = [inputs.ids!, inputs.weight!];
  const [vocab, hidden] = weight.shape as [number, number];
  const n = sizeOf(ids.shape) * hidden;
  const y = runtime.output([...ids.shape, hidden]);
  each("gather_rows", n, [weight, ids, y, n, hidden, vocab]);
  return y;
});

const gradWeight = /* @__PURE__ */ cudaKernel("CramkitEmbeddingGradWeight", ({ inputs, attrs, runtime, eachRow }) => {
  const { vocab, paddingId } = attrs as { vocab: number; paddingId: number };
  const [dy, ids] = [inputs.dy!, inputs.ids!];
  const hidden = dy.shape.at(-1)!;
  const dweight = runtime.output([vocab, hidden]);
  eachRow("scatter_rows", vocab, [dy, ids, dweight, vocab, hidden, sizeOf(ids.shape), paddingId, 1]);
  return dweight;
});

export const embeddingCuda = [embedding, gradWeight];
