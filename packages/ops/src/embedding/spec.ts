import { integers, type OpCase, type OpSpec, uniform } from "../conformance-case.ts";
import { embedding } from "./embedding.ts";

const embeddingCase = (ids: number[], vocab: number, hidden: number, paddingId?: number): OpCase => {
  const constant = uniform([vocab, hidden], 2);
  const count = ids.reduce((a, b) => a * b, 1);
  return {
    name: `[${ids}] of [${vocab}, ${hidden}]${paddingId === undefined ? "" : `, padding ${paddingId}`}`,
    inputs: { ids: integers(ids, 1, vocab), weight: constant },
    run: ({ ids, weight }) => embedding(ids!, weight!, paddingId === undefined ? {} : { paddingId }),
    // The padding row is looked up, but constant: its own values, whatever `weight` says.
    truth: ({ ids, weight }) =>
      Float64Array.from({ length: count * hidden }, (_, i) => {
        const id = ids![Math.floor(i / hidden)]!;
        return (id === paddingId ? constant.values : weight!)[id * hidden + (i % hidden)]!;
      }),
    tolerance: 1e-6,
  };
};

export const embeddingSpec: OpSpec = {
  op: "embedding",
  kernels: ["CramkitEmbedding", "CramkitEmbeddingGradWeight"],
  cases: [
    embeddingCase([1], 1, 1),
    embeddingCase([3, 7], 23, 100, 0),
    embeddingCase([129], 7, 23, 3),
    embeddingCase([1003], 100, 3),
    embeddingCase([23], 1003, 129),
    embeddingCase([0], 7, 3),
  ],
};
