import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults, resultsFolder } from "../node/results-folder.ts";
import { trialTable } from "../scores/trial-table.ts";
import { subset } from "../tasks/subset.ts";
import type { Example, TaskData } from "../tasks/task.ts";
import { bagOfWords } from "./bag-of-words.ts";
import type { TrainingBatch } from "./batches.ts";
import { majorityBaseline } from "./majority.ts";
import { type Protocol, protocols } from "./protocol.ts";
import { type RunProgress, runTasks } from "./run.ts";
import type { Trainee, TrialSetting } from "./trainee.ts";

const protocol: Protocol = { ...protocols.GLUE_sane, batchSize: 4, epochs: 2, trials: 2 };

/** A text is good when it has the word sun; a third of them is. */
const weather = (rows: number, from = 0): Example[] =>
  Array.from({ length: rows }, (_, i) => ({
    text: `${"word ".repeat((i * 7) % 23)}day${from + i} ${i % 3 === 0 ? "sun" : "rain"}`,
    label: i % 3 === 0 ? 1 : 0,
  }));
const sentiment: TaskData = {
  task: { name: "weather", title: "Weather", labels: ["bad", "good"], pair: false, metrics: ["accuracy", "f1"] },
  train: weather(90),
  evaluations: [{ name: "dev", column: "Weather", examples: weather(30, 100), officialRows: 40 }],
  tests: [{ name: "test", column: "Weather", examples: weather(10, 200).map(({ text }) => ({ text })) }],
};
/** The score is the number of equal words. */
const similarity: TaskData = {
  task: { name: "same", title: "Same", labels: [], pair: true, metrics: ["pearson", "spearman"] },
  train: Array.from({ length: 400 }, (_, i) => ({
    text: `a${i % 5}`,
    pair: `b${i % 4}`,
    label: (i % 5) + (i % 4) / 2,
  })),
  evaluations: [
    { name: "dev", column: "Same", examples: [1, 2, 3].map((i) => ({ text: `a${i}`, pair: `b${i}`, label: i * 1.5 })) },
  ],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-glue-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("runTasks", () => {
  it("learns a task and a regression, and beats the majority class", async () => {
    const [first, second, regression] = await runTasks({
      trainee: bagOfWords(),
      tasks: [sentiment, similarity],
      protocol,
    });
    expect(first!.evaluations[0]!.scores).toEqual({ accuracy: 1, f1: 1 });
    expect(first!.steps).toBe(44);
    expect(second).toMatchObject({ trial: 1, identity: { seed: 1 } });
    expect(regression!.evaluations[0]!.scores.pearson).toBeGreaterThan(0.9);
    expect(majorityBaseline(sentiment)[0]!.scores).toEqual({ accuracy: 20 / 30, f1: 0 });
    expect(majorityBaseline(similarity)[0]!.scores).toEqual({ pearson: 0, spearman: 0 });
  });

  it("gives the same scores twice, and other batches for another seed", async () => {
    const run = async (seed: number) => {
      const rows: string[] = [];
      const options = { trainee: recorder(rows), tasks: [sentiment], protocol: { ...protocol, trials: 1 }, seed };
      const [{ evaluations, loss }] = (await runTasks(options)) as [Awaited<ReturnType<typeof runTasks>>[0]];
      return { rows, evaluations, loss };
    };
    const first = await run(5);
    expect(await run(5)).toEqual(first);
    expect((await run(6)).rows).not.toEqual(first.rows);
  });

  it("hands the trainee the schedule, whole batches and every example at most once an epoch", async () => {
    const rows: string[] = [];
    const steps: { learningRate: number; size: number; seqLength: number; epoch: number; labels: number }[] = [];
    const trainee = recorder(rows, (batch) => steps.push({ ...batch, labels: batch.labels.length }));
    await runTasks({ trainee, tasks: [sentiment], protocol: { ...protocol, trials: 1 } });
    expect(steps).toHaveLength(44);
    expect(steps.slice(0, 5).map(({ learningRate }) => Math.round(learningRate * 1e7))).toEqual([
      0, 100, 200, 300, 400,
    ]);
    expect(steps.at(-1)!.learningRate).toBeLessThan(1e-6);
    for (const { size, seqLength, labels } of steps) {
      expect([size, labels]).toEqual([4, 4]);
      expect(seqLength % 8).toBe(0);
    }
    const epoch = rows.slice(0, 88);
    expect(new Set(epoch).size).toBe(88);
    expect(epoch.slice(0, 20)).not.toEqual([...epoch].sort().slice(0, 20));
  });

  it("resumes trial by trial, and from fewer trials to more", async () => {
    const kept = join(folder, "resume");
    const events: RunProgress[] = [];
    const run = (trials: number, tasks = [sentiment]) =>
      runTasks({
        trainee: bagOfWords(),
        tasks,
        protocol: { ...protocol, trials },
        results: resultsFolder(kept),
        onProgress: (event) => events.push(event),
      });
    const one = await run(1);
    expect(await readdir(join(kept, "weather"))).toEqual(["trial-0.json"]);
    events.length = 0;
    const three = await run(3);
    expect(three[0]).toEqual(JSON.parse(JSON.stringify(one[0])));
    expect(events.filter(({ phase }) => phase === "resumed" || phase === "finished").map(({ phase }) => phase)).toEqual(
      ["resumed", "finished", "finished"],
    );
    events.length = 0;
    await run(3);
    expect(events.map(({ phase }) => phase)).toEqual(["resumed", "resumed", "resumed"]);
  });

  it("finds a results folder that cannot be written to before the first trial", async () => {
    await writeFile(join(folder, "taken"), "");
    const phases: string[] = [];
    const failed = runTasks({
      trainee: bagOfWords(),
      tasks: [sentiment],
      protocol,
      results: resultsFolder(join(folder, "taken")),
      onProgress: ({ phase }) => phases.push(phase),
    });
    await expect(failed).rejects.toMatchObject({ code: "exists", place: join(folder, "taken") });
    expect(phases).toEqual([]);
  });

  it("refuses results of something else, and a result cut short", async () => {
    const kept = join(folder, "other");
    const run = (options: { seed?: number; protocol?: Protocol; tasks?: TaskData[] }) =>
      runTasks({ trainee: bagOfWords(), tasks: [sentiment], protocol, results: resultsFolder(kept), ...options });
    await run({});
    await expect(run({ seed: 9 })).rejects.toThrow(/trial-0.json: a result of another seed: expected 9, got 0/);
    await expect(run({ protocol: { ...protocol, epochs: 3 } })).rejects.toThrow(/of another protocol/);
    await expect(run({ tasks: [{ ...sentiment, train: weather(50) }] })).rejects.toThrow(/of another data/);
    const file = join(kept, "weather", "trial-0.json");
    const written = await readFile(file, "utf8");
    await writeFile(file, written.replace('"format": 2', '"format": 1'));
    await expect(run({})).rejects.toThrow(
      /trial-0.json: expected .* format 2, got one of format 1, .* use another results folder, or finish this one with/,
    );
    await writeFile(file, written.replace(/("accuracy": 0\.\d*)\d/, "$1"));
    await expect(run({})).rejects.toThrow(/trial-0.json: its checksum does not match, .*; delete this file/);
    await writeFile(file, written.slice(0, 100));
    await expect(run({})).rejects.toThrow(/expected a trial result of format 2, got something else; delete this file/);
  });

  it("refuses a seed that is none before it runs anything", async () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
      await expect(runTasks({ trainee: bagOfWords(), tasks: [sentiment], protocol, seed })).rejects.toThrow(
        `runTasks: expected a seed that is an integer of 0 to 2^53 - 1, got ${seed}`,
      );
  });

  it("predicts the test sets where asked, running a trial again that lacks them", async () => {
    const kept = join(folder, "tests");
    const options = {
      trainee: bagOfWords(),
      tasks: [sentiment],
      protocol: { ...protocol, trials: 1 },
      results: resultsFolder(kept),
    };
    expect((await runTasks(options))[0]!.tests).toBeUndefined();
    const [result] = await runTasks({ ...options, tests: true });
    expect(result!.tests).toEqual([{ column: "Weather", values: [1, 0, 0, 1, 0, 0, 1, 0, 0, 1] }]);
    const more = { ...sentiment, tests: [...sentiment.tests!, { ...sentiment.tests![0]!, column: "Late" }] };
    const [again] = await runTasks({ ...options, tasks: [more], tests: true });
    expect(again!.tests!.map(({ column }) => column)).toEqual(["Weather", "Late"]);
  });

  it("marks a random part of a task as partial", async () => {
    const part = subset(sentiment, { train: 40, dev: 12, seed: 1 });
    expect(subset(sentiment, { train: 40, dev: 12, seed: 1 })).toEqual(part);
    expect(subset(sentiment, { train: 40, seed: 2 }).train).not.toEqual(part.train);
    const results = await runTasks({ trainee: bagOfWords(), tasks: [part], protocol: { ...protocol, trials: 1 } });
    expect(results[0]!.train).toEqual({ rows: 40, officialRows: 90 });
    expect(trialTable(results).notes).toEqual(["* from partial data: Weather: train 40 of 90, dev 12 of 40 rows."]);
    expect(subset(sentiment, {}).train).toEqual(sentiment.train);
  });

  it("reads back all results of a folder", async () => {
    const kept = join(folder, "all");
    const results = await runTasks({
      trainee: bagOfWords(),
      tasks: [sentiment, similarity],
      protocol,
      results: resultsFolder(kept),
    });
    const order = (list: typeof results) => list.map(({ task, trial }) => `${task.name} ${trial}`).sort();
    expect(order(await readResults(kept))).toEqual(order(results));
    await expect(readResults(join(folder, "none"))).rejects.toThrow(/ENOENT/);
  });

  it("stops at the signal between two batches, disposing of the trial", async () => {
    const controller = new AbortController();
    let disposed = 0;
    const trainee = bagOfWords();
    const watched: Trainee = {
      ...trainee,
      startTrial: async (setting) => ({ ...(await trainee.startTrial(setting)), dispose: () => disposed++ }),
    };
    const run = runTasks({
      trainee: watched,
      tasks: [sentiment],
      protocol,
      signal: controller.signal,
      onProgress: (event) => event.phase === "train" && event.done === 7 && controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
    expect(disposed).toBe(1);
  });

  it("reports progress in the units that it names", async () => {
    const events: RunProgress[] = [];
    await runTasks({
      trainee: bagOfWords(),
      tasks: [sentiment],
      protocol: { ...protocol, trials: 1 },
      onProgress: (event) => events.push(event),
    });
    const last = (phase: string) => events.findLast((event) => event.phase === phase);
    expect(last("encode")).toMatchObject({ done: 120, total: 120, task: "Weather", trial: 0, trials: 1 });
    expect(last("train")).toMatchObject({
      done: 44,
      total: 44,
      loss: expect.any(Number),
      learningRate: expect.any(Number),
      examplesPerSecond: expect.any(Number),
    });
    expect(last("evaluate")).toMatchObject({ done: 30, total: 30, examplesPerSecond: expect.any(Number) });
    expect(last("finished")).toMatchObject({ result: { steps: 44 } });
  });

  it("scores 0 where predictions are not finite, and counts them", async () => {
    const trainee = bagOfWords();
    const broken: Trainee = {
      ...trainee,
      startTrial: async (setting) => {
        const trial = await trainee.startTrial(setting);
        return {
          ...trial,
          predict: async (batch) => Float32Array.from(await trial.predict(batch)).fill(Number.NaN, 0, 3),
        };
      },
    };
    const [result] = await runTasks({ trainee: broken, tasks: [sentiment], protocol: { ...protocol, trials: 1 } });
    expect(result!.evaluations[0]).toMatchObject({
      scores: { accuracy: 0, f1: 0 },
      nonFinite: 2,
      rows: 30,
      officialRows: 40,
    });
  });

  it.each<[string, Partial<Parameters<typeof runTasks>[0]>, RegExp]>([
    [
      "too few examples",
      { tasks: [{ ...sentiment, train: weather(3) }] },
      /at least one batch of 4 training examples, got 3/,
    ],
    [
      "a label too many",
      { tasks: [{ ...sentiment, train: weather(9).map((e) => ({ ...e, label: 2 })) }] },
      /from 0 to 1 \(bad, good\), got 2/,
    ],
    [
      "a test set to score",
      { tasks: [{ ...sentiment, evaluations: sentiment.tests! }] },
      /a test set cannot be scored here/,
    ],
    [
      "an empty set",
      { tasks: [{ ...sentiment, evaluations: [{ name: "dev", column: "W", examples: [] }] }] },
      /in the evaluation set dev, got none/,
    ],
    [
      "six epochs",
      { protocol: { ...protocol, epochs: 6 } },
      /at most 5 epochs, the limit of the challenge, got 6; lower epochs, or pass allowMoreEpochs/,
    ],
    ["an odd length", { protocol: { ...protocol, maxLength: 100 } }, /multiple of 8, got 100/],
    ["no trials", { protocol: { ...protocol, trials: 0 } }, /trials to be a whole number above 0, got 0/],
    [
      "a longer encoding",
      { trainee: { ...bagOfWords(), encode: () => ({ ids: new Int32Array(129) }) } },
      /1 to 128 tokens, got 129/,
    ],
    [
      "wrong predictions",
      {
        trainee: {
          ...bagOfWords(),
          startTrial: async () => ({ ...(await bagOfWords().startTrial(setting)), predict: async () => [1] }),
        },
      },
      /expected 60 values \[30, 2\]|expected 64 values \[32, 2\], got 1/,
    ],
  ])("refuses %s", async (_, options, message) => {
    await expect(runTasks({ trainee: bagOfWords(), tasks: [sentiment], protocol, ...options })).rejects.toThrow(
      message,
    );
  });

  it("cuts the protocol to what the model takes", async () => {
    const trainee = { ...bagOfWords(), maxLength: 20 };
    const [result] = await runTasks({ trainee, tasks: [sentiment], protocol: { ...protocol, trials: 1 } });
    expect(result!.identity.protocol).toMatchObject({ maxLength: 16, name: "GLUE_sane with length 16" });
  });

  it("runs more epochs where that is allowed", async () => {
    const longer = { ...protocol, epochs: 6, trials: 1 };
    const [result] = await runTasks({
      trainee: bagOfWords(),
      tasks: [sentiment],
      protocol: longer,
      allowMoreEpochs: true,
    });
    expect(result!.identity.protocol.epochs).toBe(6);
  });
});

const setting: TrialSetting = { task: sentiment.task, outputs: 2, regression: false, seed: 0, protocol };

/** A trainee that learns nothing and writes down the rows it is given. */
const recorder = (rows: string[], onBatch: (batch: TrainingBatch) => void = () => {}): Trainee => {
  return {
    ...bagOfWords(),
    startTrial: async (setting) => {
      const trial = await bagOfWords().startTrial(setting);
      return {
        ...trial,
        async fit(batches, report) {
          async function* seen() {
            for await (const batch of batches) {
              onBatch(batch);
              for (let i = 0; i < batch.size; i++)
                rows.push(
                  batch.inputIds
                    .subarray(i * batch.seqLength, (i + 1) * batch.seqLength)
                    .filter((id) => id > 2)
                    .join(),
                );
              yield batch;
            }
          }
          await trial.fit(seen(), report);
        },
      };
    },
  };
};
