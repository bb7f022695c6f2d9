import type { MetricName } from "@cramkit/metrics";
import { describe, expect, it } from "vitest";
import { glueTasks } from "../tasks/glue-tasks.ts";
import type { Task } from "../tasks/task.ts";
import { type Protocol, protocols } from "../trials/protocol.ts";
import type { TrialResult } from "../trials/results.ts";
import { officialAverage, studyAverage, studyColumns } from "./averages.ts";
import { publishedRows } from "./published.ts";
import { majorityRow, scoreRow } from "./score-row.ts";
import { scoreTable } from "./score-table.ts";
import { summarize } from "./summary.ts";
import { tableMarkdown, tableText } from "./table.ts";
import { trialTable } from "./trial-table.ts";

interface Made {
  trial?: number;
  rows?: number;
  officialRows?: number;
  column?: string;
  protocol?: Protocol;
  nonFinite?: number;
}

const result = (task: Task, scores: Partial<Record<MetricName, number>>, made: Made = {}): TrialResult => {
  const {
    trial = 0,
    rows = 10,
    officialRows = 10,
    column = task.title,
    protocol = protocols.GLUE_sane,
    nonFinite = 0,
  } = made;
  const set = { name: "dev", column, rows, officialRows };
  return {
    format: 2,
    task,
    trial,
    identity: { trainee: "t", protocol: { ...protocol, trials: 0 }, data: "d", seed: trial },
    train: { rows: 100, officialRows: 100 },
    majority: [{ ...set, scores: Object.fromEntries(task.metrics.map((name) => [name, 0.5])), nonFinite: 0 }],
    steps: 1,
    fitExamplesPerSecond: 10 + trial,
    evaluateExamplesPerSecond: 20,
    evaluations: [{ ...set, scores, nonFinite }],
  };
};

const { cola, sst2, mrpc, stsb, qqp, mnli, qnli, rte, wnli } = glueTasks;

describe("summarize", () => {
  it("takes the median and the range over trials", () => {
    const trials = [0.7, 0.9, 0.8].map((accuracy, trial) => result(sst2.task, { accuracy }, { trial }));
    const [odd] = summarize(trials);
    expect(odd!.metrics.accuracy).toEqual({ median: 0.8, min: 0.7, max: 0.9, trials: [0.7, 0.9, 0.8] });
    expect(summarize(trials.slice(0, 2))[0]!.metrics.accuracy!.median).toBeCloseTo(0.8, 12);
    expect(odd!.fitExamplesPerSecond).toBe(11);
  });
});

describe("averages", () => {
  const every = (column: string, metric: MetricName) => (column === "WNLI" || metric === "spearman" ? 0.1 : 0.5);

  it("the study's: nine numbers, both MNLI sets apart, F1 and Pearson alone", () => {
    expect(studyAverage(every)).toBeCloseTo(0.5, 12);
    expect(studyAverage((column) => (column === "MNLI-m" ? 0.5 + 0.9 : 0.5))).toBeCloseTo(0.6, 12);
    expect(studyAverage((column) => (column === "RTE" ? undefined : 0.5))).toBeUndefined();
  });

  it("the official one: nine tasks, their numbers averaged first, WNLI counted", () => {
    // STS-B (0.5 + 0.1) / 2, WNLI 0.1, seven at 0.5
    expect(officialAverage(every)).toBeCloseTo((0.3 + 0.1 + 7 * 0.5) / 9, 12);
    expect(officialAverage((column) => (column === "WNLI" ? undefined : 0.5))).toBeUndefined();
  });

  it("the published rows have the averages that their numbers have", () => {
    const complete = publishedRows.filter(({ scores }) => Object.keys(scores).length > 0);
    expect(complete).toHaveLength(6);
    for (const { scores, average, name } of complete)
      expect(Math.abs(studyAverage((column) => scores[column]!.value)! - average!), name).toBeLessThan(0.06);
    for (const { source } of publishedRows) expect(source.length).toBeGreaterThan(10);
  });
});

describe("tables", () => {
  const all = [
    result(cola.task, { matthews: 0.4, accuracy: 0.7 }),
    result(sst2.task, { accuracy: 0.9 }, { trial: 0 }),
    result(sst2.task, { accuracy: 0.8 }, { trial: 1 }),
    result(mrpc.task, { f1: 0.8, accuracy: 0.7 }),
    result(stsb.task, { pearson: 0.8, spearman: 0.7 }),
    result(qqp.task, { f1: 0.8, accuracy: 0.7 }, { rows: 5 }),
    { ...result(mnli.task, { accuracy: 0.8 }, { column: "MNLI-m" }), ...twoSets(0.8, 0.6) },
    result(qnli.task, { accuracy: 0.8 }),
    result(rte.task, { accuracy: 0.5 }),
    result(wnli.task, { accuracy: 0.5 }),
  ];

  it("show medians, mark partial data, and have both averages", () => {
    const row = scoreRow("ours", all);
    expect(row.average).toBeCloseTo((40 + 85 + 80 + 80 + 80 + 80 + 60 + 80 + 50) / 9, 10);
    expect(row.officialAverage).toBeCloseTo((40 + 85 + 75 + 75 + 75 + 70 + 80 + 50 + 50) / 9, 10);
    expect(row.scores["SST-2"]).toMatchObject({ min: 80, max: 90 });
    const text = tableText(scoreTable([row, majorityRow(all), ...publishedRows]));
    expect(text.split("\n").slice(0, 5)).toMatchInlineSnapshot(`
      [
        "                                 MNLI-m  MNLI-mm  SST-2  STS-B   RTE  QNLI    QQP  MRPC  CoLA  WNLI    avg   GLUE  source",
        "-------------------------------  ------  -------  -----  -----  ----  ----  -----  ----  ----  ----  -----  -----  ----------------------------------------------------------------------------",
        "ours                               80.0     60.0   85.0   80.0  50.0  80.0  80.0*  80.0  40.0  50.0  70.6*  66.7*  measured, GLUE_sane, median of 1 to 2 trials",
        "majority class                     35.0     35.0   50.0   50.0  50.0  50.0  50.0*  50.0  50.0  50.0  46.7*  48.3*  measured",
        "BERT-base, fully trained           83.2     83.4   91.9   86.7  59.2  90.6   87.7  89.3  56.5     –   80.9      –  the paper, as quoted by a secondary source",
      ]
    `);
    expect(text).toContain("Partial: QQP: dev 5 of 10 rows.");
    expect(text.split("\n").find((line) => line.startsWith("crammed v2, A6000  "))).toMatchInlineSnapshot(
      `"crammed v2, A6000                  84.1     84.6   92.0   87.4  58.5  90.2   87.5  88.9  53.3     –   80.7      –  model card of v2, best of 5 pretraining runs"`,
    );
  });

  it("leave an average out where a task is missing", () => {
    const row = scoreRow("ours", all.slice(1));
    expect([row.average, row.officialAverage]).toEqual([undefined, undefined]);
    expect(scoreTable([row]).columns).not.toContain("GLUE");
    expect(scoreTable([scoreRow("ours", all.slice(0, 9))]).columns).toEqual([
      "",
      ...studyColumns.map(([c]) => c),
      "avg",
      "source",
    ]);
  });

  it("say when trials diverged or trained longer than allowed", () => {
    const broken = result(rte.task, { accuracy: 0 }, { nonFinite: 3, protocol: protocols.GLUE_v2 });
    expect(scoreRow("ours", [broken]).notes).toEqual([
      "ours, RTE: 1 trials ended in values that are not finite and score 0.",
      "ours: 10 epochs, more than the 5 that the challenge allows.",
    ]);
  });

  it("show every metric of every trial, probes too, which the score table leaves out", () => {
    const probe = result(
      { ...sst2.task, name: "acceptability", title: "acceptability", probe: true },
      { accuracy: 0.75 },
      { officialRows: 10 },
    );
    expect(scoreRow("ours", [probe]).scores).toEqual({});
    const table = trialTable([...all.slice(0, 3), probe]);
    expect(tableText(table)).toMatchInlineSnapshot(`
      "task                   metric    median   min   max  trials  majority  train  dev  train/s  dev/s
      ---------------------  --------  ------  ----  ----  ------  --------  -----  ---  -------  -----
      CoLA                   matthews    40.0     –     –       1      50.0    100   10       10     20
                             accuracy    70.0     –     –       1      50.0    100   10       10     20
      SST-2                  accuracy    85.0  80.0  90.0       2      50.0    100   10       11     20
      acceptability (probe)  accuracy    75.0     –     –       1      50.0    100   10       10     20"
    `);
    expect(tableMarkdown({ columns: ["", "a|b"], rows: [["x*", "1.0*"]], notes: ["* partial"] })).toBe(
      "|  | a\\|b |\n|---|---:|\n| x\\* | 1.0\\* |\n\n\\* partial",
    );
  });
});

const twoSets = (matched: number, mismatched: number): Pick<TrialResult, "evaluations" | "majority"> => {
  const set = (column: string, accuracy: number) => ({
    name: column,
    column,
    rows: 10,
    officialRows: 10,
    scores: { accuracy },
    nonFinite: 0,
  });
  return {
    evaluations: [set("MNLI-m", matched), set("MNLI-mm", mismatched)],
    majority: [set("MNLI-m", 0.35), set("MNLI-mm", 0.35)],
  };
};
