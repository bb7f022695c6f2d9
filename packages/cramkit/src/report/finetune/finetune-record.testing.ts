import type { FinetuneRecord } from "@cramkit/recipes";

const evaluation = { rows: 2, loss: 0.7, scores: { accuracy: 0.5, f1Macro: 0.5, rocAuc: Number.NaN } };
/** A finetuning that was never run: two classes, one mistake, and names that must be escaped. */
export const finetuneRecord: FinetuneRecord = {
  folder: "runs/reviews",
  request: {
    ...{ model: "runs/quickstart", train: "reviews.csv", kind: "classes", columns: {}, settings: {} },
    ...{ digest: "", examples: "" },
  },
  result: {
    task: { kind: "classes", labels: ["<bad>", "good"] },
    settings: {
      ...{ epochs: 1, batchSize: 16, learningRate: 1e-3, warmup: 0.1, weightDecay: 0, layerDecay: 1, clipNorm: 1 },
      ...{
        dropout: 0,
        pooling: "mean",
        maxLength: 64,
        temperature: 0.05,
        classWeights: "none",
        patience: 1,
        seed: 0,
        lossScaling: false,
      },
    },
    trainRows: 10,
    history: [{ epoch: 1, trainLoss: 0.6, dev: evaluation }],
    bestEpoch: 1,
    evaluation,
    outcomes: [
      {
        example: { text: "a <script> film", label: "<bad>", place: "reviews.csv, line 3" },
        prediction: { label: "good", probabilities: { "<bad>": 0.2, good: 0.8 }, cut: 0 },
        loss: 1.6,
      },
      {
        example: { text: "fine", label: "good", place: "reviews.csv, line 9" },
        prediction: { label: "good", probabilities: { "<bad>": 0.1, good: 0.9 }, cut: 0 },
        loss: 0.1,
      },
    ],
    ...{ seconds: 3, modelDigest: "0", backend: "WASM SIMD" },
  },
};
