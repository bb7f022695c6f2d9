import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { type GlueName, glueNames, glueTasks } from "../tasks/glue-tasks.ts";
import { protocols } from "../trials/protocol.ts";
import type { TrialResult } from "../trials/results.ts";
import { submission } from "./submission.ts";

/** A trial that predicts `value` in every row of the task's test sets. */
const trialOf = (name: GlueName, value: number, { score = 0.5, trial = 0 } = {}): TrialResult => {
  const { task, tests, evaluations } = glueTasks[name];
  const scores = Object.fromEntries(task.metrics.map((metric) => [metric, score]));
  return {
    format: 2,
    task,
    trial,
    identity: { trainee: "t", protocol: protocols.GLUE_sane, data: "d", seed: 0 },
    train: { rows: 1 },
    majority: [],
    steps: 1,
    fitExamplesPerSecond: 1,
    evaluateExamplesPerSecond: 1,
    evaluations: evaluations.map(({ name, column, rows }) => ({ name, column, rows, scores, nonFinite: 0 })),
    tests: tests.map(({ column, rows }) => ({ column, values: new Array<number>(rows).fill(value) })),
  };
};
const unpacked = (zip: Uint8Array) =>
  Object.fromEntries(Object.entries(unzipSync(zip)).map(([name, data]) => [name, strFromU8(data)]));

describe("submission", () => {
  it("has the eleven tables of the server, with labels as each task writes them", () => {
    const { zip, files } = submission(glueNames.map((name) => trialOf(name, name === "stsb" ? 5.71 : 1)));
    const tables = unpacked(zip);
    expect(Object.keys(tables).sort()).toEqual(
      "AX CoLA MNLI-m MNLI-mm MRPC QNLI QQP RTE SST-2 STS-B WNLI".split(" ").map((name) => `${name}.tsv`),
    );
    const start = (name: string) => tables[`${name}.tsv`]!.split("\n").slice(0, 3);
    expect(start("CoLA")).toEqual(["index\tprediction", "0\t1", "1\t1"]);
    expect(start("STS-B")).toEqual(["index\tprediction", "0\t5.000", "1\t5.000"]);
    expect(start("MNLI-mm")[1]).toBe("0\tneutral");
    expect(start("AX")[1]).toBe("0\tneutral");
    expect(start("QNLI")[1]).toBe("0\tnot_entailment");
    expect(start("WNLI")[1]).toBe("0\t1");
    expect(tables["QQP.tsv"]!.split("\n")).toHaveLength(390965 + 2);
    expect(files.find(({ name }) => name === "AX.tsv")).toEqual({ name: "AX.tsv", rows: 1104, from: "trial 0" });
  });

  it("takes the trial with the best dev score, and is the same bytes twice", () => {
    const trials = [trialOf("rte", 0), trialOf("rte", 1, { score: 0.6, trial: 1 }), trialOf("rte", 0, { trial: 2 })];
    const { zip, files } = submission(trials, { fillMissing: true });
    expect(unpacked(zip)["RTE.tsv"]).toContain("\n0\tnot_entailment\n");
    expect(files.filter(({ from }) => from !== "a constant")).toEqual([
      { name: "RTE.tsv", rows: 3000, from: "trial 1" },
    ]);
    expect(Buffer.compare(submission(trials, { fillMissing: true }).zip, zip)).toBe(0);
  });

  it("names what is missing, incomplete or not finite", () => {
    expect(() => submission([trialOf("rte", 1)])).toThrow(
      /got none for CoLA, SST-2, MRPC, STS-B, QQP, MNLI-m, MNLI-mm, AX, QNLI, WNLI; run those/,
    );
    const part = { ...trialOf("rte", 1), tests: [{ column: "RTE", values: [1, 0] }] };
    expect(() => submission([part], { fillMissing: true })).toThrow(/expected 3000 predictions for RTE, got 2/);
    expect(() => submission([trialOf("rte", Number.NaN)], { fillMissing: true })).toThrow(
      /finite predictions for RTE, got NaN in row 0/,
    );
  });
});
