import { expect, it } from "vitest";
import { finetuneRecord } from "./finetune-record.testing.ts";
import { finetuneReport } from "./finetune-report.ts";

it("shows scores, the confusion matrix, calibration and the worst mistake first, with everything escaped", () => {
  const page = finetuneReport(finetuneRecord);
  expect(page).toContain("Confusion matrix");
  expect(page).toContain("expected calibration error is 45.0 %");
  expect(page.indexOf("line 3")).toBeGreaterThan(0);
  expect(page.indexOf("reviews.csv, line 3")).toBeLessThan(page.indexOf("reviews.csv, line 9"));
  expect(page).not.toContain("<script> film");
  expect(page).not.toContain("<bad>");
  expect(page).not.toContain("NaN");
});

it("is a page for scores and tags too", () => {
  const { result } = finetuneRecord;
  const score = finetuneReport({
    ...finetuneRecord,
    result: {
      ...result,
      task: { kind: "score", labels: [] },
      outcomes: [{ example: { text: "t", label: 3, place: "p" }, prediction: { score: 2.5, cut: 0 }, loss: 0.25 }],
    },
  });
  expect(score).toContain("p: 3; predicted: 2.500");
  const span = { start: 0, end: 4, label: "PER" };
  const tags = finetuneReport({
    ...finetuneRecord,
    result: {
      ...result,
      task: { kind: "tags", labels: ["O", "B-PER", "I-PER"] },
      outcomes: [{ example: { text: "Anna", label: [span], place: "p" }, prediction: { spans: [], cut: 0 }, loss: 1 }],
    },
  });
  expect(tags).toContain("p: Anna [PER]; predicted: none");
  const pair = { text: "a question", pair: "its answer", place: "p" };
  const embedding = finetuneReport({
    ...finetuneRecord,
    result: {
      ...result,
      task: { kind: "embedding", labels: [], pooling: "mean" },
      evaluation: { rows: 1, loss: 1, scores: { mrr: 1 / 3, recallAt1: 0 } },
      outcomes: [{ example: pair, prediction: { rank: 3, nearest: "another", cut: 0 }, loss: 1 }],
    },
  });
  expect(embedding).toContain("p: ranked 3; first is &#34;another&#34;");
  expect(embedding).toMatch(/mrr, dev<\/dt><dd>0\.3333/);
});
