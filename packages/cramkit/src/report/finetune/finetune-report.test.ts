import type { FinetuneRecord } from "@cramkit/recipes";
import { expect, it } from "vitest";
import { finetuneReport } from "./finetune-report.ts";

const evaluation = { rows: 2, loss: 0.7, scores: { accuracy: 0.5, f1Macro: 0.5, rocAuc: Number.NaN } };
const record: FinetuneRecord = {
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

it("shows scores, the confusion matrix, calibration and the worst mistake first, with everything escaped", () => {
  const page = finetuneReport(record);
  expect(page).toContain("Confusion matrix");
  expect(page).toContain("expected calibration error is 45.0 %");
  expect(page.indexOf("line 3")).toBeGreaterThan(0);
  expect(page.indexOf("reviews.csv, line 3")).toBeLessThan(page.indexOf("reviews.csv, line 9"));
  expect(page).not.toContain("<script> film");
  expect(page).not.toContain("<bad>");
  expect(page).not.toContain("NaN");
});

it("is a page for scores and tags too", () => {
  const { result } = record;
  const score = finetuneReport({
    ...record,
    result: {
      ...result,
      task: { kind: "score", labels: [] },
      outcomes: [{ example: { text: "t", label: 3, place: "p" }, prediction: { score: 2.5, cut: 0 }, loss: 0.25 }],
    },
  });
  expect(score).toContain("p: 3; the model says 2.500");
  const span = { start: 0, end: 4, label: "PER" };
  const tags = finetuneReport({
    ...record,
    result: {
      ...result,
      task: { kind: "tags", labels: ["O", "B-PER", "I-PER"] },
      outcomes: [{ example: { text: "Anna", label: [span], place: "p" }, prediction: { spans: [], cut: 0 }, loss: 1 }],
    },
  });
  expect(tags).toContain("p: Anna [PER]; the model says none");
  const pair = { text: "a question", pair: "its answer", place: "p" };
  const embedding = finetuneReport({
    ...record,
    result: {
      ...result,
      task: { kind: "embedding", labels: [], pooling: "mean" },
      evaluation: { rows: 1, loss: 1, scores: { mrr: 1 / 3, recallAt1: 0 } },
      outcomes: [{ example: pair, prediction: { rank: 3, nearest: "another", cut: 0 }, loss: 1 }],
    },
  });
  expect(embedding).toContain("p: found in place 3; first is &#34;another&#34;");
  expect(embedding).toMatch(/mrr, dev<\/dt><dd>0\.3333/);
});
