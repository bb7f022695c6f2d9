import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { glueTasksIn, readGlue } from "../node/read-task.ts";
import { type GlueName, glueNames } from "../tasks/glue-tasks.ts";
import { bagOfWords } from "./bag-of-words.ts";
import { majorityBaseline } from "./majority.ts";
import { protocols } from "./protocol.ts";
import { runTasks } from "./run.ts";

const folder = join(process.env.CRAMKIT_SHARED ?? "../shared", "data/glue");

/** Rows without the header, counted with `wc -l` and listed in the README of the data. */
const rows: Record<GlueName, { train: number; dev: number[]; test: number[] }> = {
  cola: { train: 8551, dev: [1043], test: [1063] },
  sst2: { train: 67349, dev: [872], test: [1821] },
  mrpc: { train: 3668, dev: [408], test: [1725] },
  stsb: { train: 5749, dev: [1500], test: [1379] },
  rte: { train: 2490, dev: [277], test: [3000] },
  wnli: { train: 635, dev: [71], test: [146] },
  qnli: { train: 21446, dev: [5463], test: [5463] }, // train is partial
  mnli: { train: 30562, dev: [9815, 1837], test: [1104] }, // partial but for dev_matched; the test set is AX
  qqp: { train: 21728, dev: [8411], test: [] }, // partial
};

describe("real files", () => {
  it("hold all nine tasks", async () => {
    expect(await glueTasksIn(folder)).toEqual(glueNames);
  });

  it.each(glueNames)("%s: every row of every file", async (name) => {
    const data = await readGlue(folder, name, { tests: true });
    expect(data.train.length).toBe(rows[name].train);
    expect(data.evaluations.map(({ examples }) => examples.length)).toEqual(rows[name].dev);
    expect((data.tests ?? []).map(({ examples }) => examples.length)).toEqual(rows[name].test);
    expect(data.notes).toBeUndefined();
    for (const { text, pair, label } of [...data.train, ...data.evaluations.flatMap(({ examples }) => examples)]) {
      expect(text.length > 0 && (pair === undefined) === !data.task.pair && Number.isFinite(label)).toBe(true);
    }
  });

  it("keep quotation marks, and lose the byte order mark", async () => {
    const { evaluations } = await readGlue(folder, "mrpc");
    expect(evaluations[0]!.examples[0]!.pair).toBe(
      '" The foodservice pie business does not fit our long-term growth strategy .',
    );
  });

  it("have the published majority scores on the complete dev sets", async () => {
    const score = async (name: GlueName) => majorityBaseline(await readGlue(folder, name)).map(({ scores }) => scores);
    // Counted with awk: 444 of 872, 721 of 1043, 279 of 408 (so F1 is 558 / 687), 146 of 277.
    expect(await score("sst2")).toEqual([{ accuracy: 444 / 872 }]);
    expect(await score("cola")).toEqual([{ matthews: 0, accuracy: 721 / 1043 }]);
    expect(await score("mrpc")).toEqual([{ f1: 558 / 687, accuracy: 279 / 408 }]);
    expect(await score("rte")).toEqual([{ accuracy: 146 / 277 }]);
  });
});

describe("a bag of words on real tasks", () => {
  it("learns SST-2 far beyond the majority class, CoLA not at all", async () => {
    const tasks = [await readGlue(folder, "sst2"), await readGlue(folder, "cola")];
    const protocol = { ...protocols.GLUE_sane, trials: 1 };
    const [sst2, cola] = await runTasks({ trainee: bagOfWords(), tasks, protocol });
    expect(sst2!.evaluations[0]!.scores.accuracy).toBeGreaterThan(0.78);
    expect(cola!.evaluations[0]!.scores.matthews).toBeLessThan(0.2);
    console.log(
      `SST-2 accuracy ${sst2!.evaluations[0]!.scores.accuracy}, CoLA matthews ${cola!.evaluations[0]!.scores.matthews}, ` +
        `${Math.round(sst2!.fitExamplesPerSecond)} examples/s in training, ${Math.round(sst2!.evaluateExamplesPerSecond)} in evaluation`,
    );
  });
});
