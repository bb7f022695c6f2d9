import { checkIdValues } from "../check.ts";
import { cpuKernel, rowsPerTask, sizeOf } from "../cpu/runtime.ts";

const embedding = /* @__PURE__ */ cpuKernel("CramkitEmbedding", ({ inputs, runtime, run, at }) => {
  const [ids, weight] = [inputs.ids!, inputs.weight!];
  const [vocab, hidden] = weight.shape as [number, number];
  checkIdValues("embedding", "ids", runtime.view(ids), vocab);
  const count = sizeOf(ids.shape);
  const y = runtime.output([...ids.shape, hidden]);
  const perTask = rowsPerTask(hidden);
  const ints = [at("weight"), at("ids"), runtime.address(y), count, hidden * 4, perTask];
  run("gatherTask", Math.ceil(count / perTask), ints);
  return y;
});

const gradWeight = /* @__PURE__ */ cpuKernel("CramkitEmbeddingGradWeight", ({ inputs, attrs, runtime, run, at }) => {
  const { vocab, paddingId } = attrs as { vocab: number; paddingId: number };
  const { shape } = inputs.dy!;
  const hidden = shape[shape.length - 1]!;
  const dweight = runtime.output([vocab, hidden]);
  // Every task reads all ids: not too many tasks.
  const perTask = Math.ceil(vocab / 16);
  const ints = [
    at("dy"),
    at("ids"),
    runtime.address(dweight),
    sizeOf(inputs.ids!.shape),
    hidden,
    vocab,
    perTask,
    paddingId,
  ];
  run("scatterTask", Math.ceil(vocab / perTask), ints);
  return dweight;
});

export const embeddingCpu = [embedding, gradWeight];
