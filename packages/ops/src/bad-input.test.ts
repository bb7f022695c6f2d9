import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  attention,
  dropout,
  embedding,
  gelu,
  glu,
  layerNorm,
  linear,
  maskedCrossEntropy,
  normOfSum,
  residualNorm,
  rmsNorm,
  rotary,
} from "./index.ts";
import { startCpuBackend, startStockCpu } from "./testing/backend.testing.ts";

const x = (...shape: number[]) => tf.zeros(shape);
const ids = (...values: number[]) => tf.tensor1d(values, "int32");
const disposed = () => {
  const tensor = x(2, 3);
  tensor.dispose();
  return tensor;
};

const cases: [what: string, call: () => tf.Tensor, message: string][] = [
  [
    "residualNorm, branch",
    () => residualNorm(x(2, 3), x(1, 3), x(3), x(3), { kind: "layer", epsilon: 0 }).sum,
    "residualNorm: expected branch [2, 3], got [1, 3]",
  ],
  [
    "normOfSum, bias of an RMS norm",
    () => normOfSum(x(2, 3), x(2, 3), x(3), x(3), { kind: "rms", epsilon: 0 }),
    "normOfSum: expected no bias for an RMS norm, got one",
  ],
  ["linear, widths", () => linear(x(2, 3), x(4, 5)), "linear: expected x [..., 5], got [2, 3]"],
  ["linear, bias", () => linear(x(2, 3), x(4, 3), x(3)), "linear: expected bias [4], got [3]"],
  ["linear, rank", () => linear(x(2, 3), x(3)), "linear: expected weight [out, in], got [3]"],
  [
    "linear, dtype",
    () => linear(tf.zeros([2, 3], "int32"), x(4, 3)),
    "linear: expected x of dtype float32, got int32 [2, 3]; use tf.cast",
  ],
  [
    "linear, disposed",
    () => linear(disposed(), x(4, 3)),
    "linear: expected x [2, 3] to be alive, got a disposed tensor",
  ],
  [
    "linear, no tensor",
    () => linear([1] as unknown as tf.Tensor, x(4, 3)),
    "linear: expected x to be a tensor of [..., 3], got object",
  ],
  [
    "embedding, id too large",
    () => embedding(ids(0, 7), x(7, 3)),
    "embedding: expected ids in 0..6, got 7 at flat index 1",
  ],
  [
    "embedding, id negative",
    () => embedding(ids(-1), x(7, 3)),
    "embedding: expected ids in 0..6, got -1 at flat index 0",
  ],
  [
    "embedding, float ids",
    () => embedding(x(2), x(7, 3)),
    "embedding: expected ids of dtype int32, got float32 [2]; use tf.cast",
  ],
  [
    "embedding, padding",
    () => embedding(ids(0), x(7, 3), { paddingId: 7 }),
    "embedding: expected paddingId in 0..6, got 7",
  ],
  ["layerNorm", () => layerNorm(x(2, 3), x(4), undefined, 1e-5), "layerNorm: expected x [..., 4], got [2, 3]"],
  ["rmsNorm", () => rmsNorm(x(2, 3), x(3), -1), "rmsNorm: expected epsilon >= 0, got -1"],
  ["gelu", () => gelu(disposed()), "gelu: expected x [2, 3] to be alive"],
  ["glu, odd", () => glu(x(2, 3), "gelu"), "glu: expected an even last axis, got 3"],
  [
    "glu, activation",
    () => glu(x(2, 4), "swish" as "gelu"),
    "glu: expected activation in gelu, relu, silu, mish, got swish",
  ],
  [
    "dropout, rate",
    () => dropout(x(2), { rate: 1, key: [0, 0] }),
    "dropout: expected dropout rate in 0 <= rate < 1, got 1",
  ],
  [
    "dropout, key",
    () => dropout(x(2), { rate: 0.5, key: [-1, 0] }),
    "dropout: expected dropout key to be two uint32, got [-1, 0]",
  ],
  [
    "dropout, key that is none",
    () => dropout(x(2), { rate: 0.5, key: [1, 2 ** 32] }),
    "dropout: expected dropout key to be two uint32, got [1, 4294967296]",
  ],
  [
    "attention, seq with dropout",
    () => attention(x(1, 2 ** 15 + 1, 3), { heads: 1, dropout: { rate: 0.5, key: [0, 0] } }),
    "attention: expected seq up to 32768 with dropout, got 32769",
  ],
  [
    "attention, heads",
    () => attention(x(2, 5, 24), { heads: 3 }),
    "attention: expected qkv [batch, seq, 3 * heads * headDim] with heads 3, got [2, 5, 24]",
  ],
  [
    "attention, mask",
    () => attention(x(2, 5, 24), { heads: 2, mask: x(2, 4) }),
    "attention: expected mask [2, 5], got [2, 4]",
  ],
  [
    "rotary, an odd head",
    () => rotary(x(2, 5, 18), { heads: 2 }),
    "rotary: expected qkv [batch, seq, 3 * heads * headDim] with heads 2 and an even headDim, got [2, 5, 18]",
  ],
  [
    "cross-entropy, target",
    () => maskedCrossEntropy(x(4, 3), x(7, 3), undefined, ids(0), ids(7)),
    "maskedCrossEntropy: expected targets in 0..6, got 7 at flat index 0",
  ],
  [
    "cross-entropy, position",
    () => maskedCrossEntropy(x(4, 3), x(7, 3), undefined, ids(4), ids(0)),
    "maskedCrossEntropy: expected positions in 0..3, got 4 at flat index 0",
  ],
  [
    "cross-entropy, counts",
    () => maskedCrossEntropy(x(4, 3), x(7, 3), undefined, ids(0, 1), ids(0)),
    "maskedCrossEntropy: expected targets [2], got [1]",
  ],
];

describe.each([
  { backend: "tfjs cpu", start: startStockCpu },
  { backend: "cramkit-cpu", start: () => startCpuBackend({ threads: 2 }) },
])("on $backend", ({ start }) => {
  let dispose = () => {};
  beforeAll(async () => {
    ({ dispose } = await start());
  });
  afterAll(() => dispose());

  it.each(cases)("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
