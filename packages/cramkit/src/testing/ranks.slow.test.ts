import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { newestCheckpoint, startCramkit, weightsOf } from "./command-line.testing.ts";
import { killingRank1, measuredOf, onRanks, ranksLaunchers, ranksRun, worstDifference } from "./ranks.testing.ts";

const timeout = 400_000;
const run = ["run", "recipe.json", "--dir", "run"];

if (ranksLaunchers.length === 0)
  console.warn("no mpirun.openmpi and no mpirun.mpich here: training on several ranks is not tested");

const localSteps = { every: 3, outerLearningRate: 0.7, outerMomentum: 0.9 };

for (const launcher of ranksLaunchers)
  it.each([
    ["", {}],
    [" with steps of its own", { localSteps }],
  ])(
    `${launcher.name}: a killed rank%s ends the job, and a resumed one ends like one that was never disturbed`,
    {
      timeout,
    },
    async (_, training) => {
      const root = ranksRun(40, { training });
      const undisturbed = await onRanks(launcher, [[2, ["run", "recipe.json", "--dir", "whole"]]], root);
      expect(undisturbed.code, undisturbed.error).toBe(0);
      const startedAt = Date.now();
      const killed = await onRanks(launcher, [[2, run]], root, killingRank1(root));
      expect(killed.code).not.toBe(0);
      expect(Date.now() - startedAt).toBeLessThan(95_000); // by itself, not by the limit
      expect(killed.error + killed.out).toMatch(/rank 1|RANK 1|signal 9/);
      expect(newestCheckpoint(join(root, "run"))).toBeGreaterThan(0);
      expect(measuredOf(join(root, "run")).at(-1)!.step).toBeLessThan(40);
      for (const copy of ["by-one", "by-four"]) cpSync(join(root, "run"), join(root, copy), { recursive: true });
      const resumed = await onRanks(launcher, [[2, ["resume", "run"]]], root);
      expect(resumed.code, resumed.error).toBe(0);
      expect(resumed.error).toMatch(/resuming at microbatch [1-9]/);
      expect(weightsOf(join(root, "run")).equals(weightsOf(join(root, "whole")))).toBe(true);
      // One rank goes on with what two began, and so do four.
      expect(await startCramkit(["resume", "by-one"], { cwd: root }).ended).toMatchObject({ code: 0 });
      const byFour = await onRanks(launcher, [[4, ["resume", "by-four"]]], root);
      expect(byFour.code, byFour.error).toBe(0);
      const [one, four, two] = ["by-one", "by-four", "whole"].map((name) =>
        measuredOf(join(root, name)).filter(({ loss }) => loss),
      );
      // Steps of their own are others for another number of ranks.
      if ("localSteps" in training) return expect([one, four].map((rows) => rows!.at(-1)!.step)).toEqual([40, 40]);
      expect(worstDifference(one!.slice(-1), two!.slice(-1))).toBeLessThan(1e-4);
      expect(worstDifference(four!.slice(-1), two!.slice(-1))).toBeLessThan(1e-4);
    },
  );

const averaged = { averaging: { kind: "ema", decay: 0.9 } };
for (const launcher of ranksLaunchers)
  it.each([
    ["a ramp and averaging", { training: { batchSize: 32, batchRamp: 0.5, ...averaged } }, 1e-6],
    ["mixed precision", { backend: { precision: "mixed" } }, 1e-3],
    // Each microbatch climbs on its own: one rank needs four of them, as four ranks have.
    ["sam", {}, 1e-5, ["--set", "training.optimizer.name=sam", "--set", "training.microbatchSize=4"]],
    [
      "masks by chance, of which some microbatches have none",
      { masking: { policy: "bernoulli", probability: 0.05 } },
      1e-6,
    ],
  ])(
    `${launcher.name}: four ranks train as one with the whole batch does, with %s`,
    { timeout },
    async (_, changes, most, more: readonly string[] = []) => {
      const root = ranksRun(10, changes);
      // The ramp goes in steps of what all ranks compute at once.
      const words = ["run", "recipe.json", "--dir", "alone", "--set", "training.microbatchSize=16", ...more];
      const alone = await startCramkit(words, { cwd: root }).ended;
      expect(alone.code, alone.error).toBe(0);
      const { code, error } = await onRanks(launcher, [[4, [...run, ...more]]], root);
      expect(code, error).toBe(0);
      const [one, four] = ["alone", "run"].map((name) => measuredOf(join(root, name)).filter(({ loss }) => loss));
      const last = (rows: typeof one) => new Map(rows!.map((row) => [row.step, row]));
      const [a, b] = [last(one), last(four)];
      const steps = [...a.keys()].filter((step) => b.has(step));
      expect(steps.length).toBeGreaterThan(5);
      expect(
        worstDifference(
          steps.map((s) => b.get(s)!),
          steps.map((s) => a.get(s)!),
        ),
      ).toBeLessThan(most);
    },
  );

for (const launcher of ranksLaunchers) {
  it(`${launcher.name}: ranks go back over a bad loss together, as one would`, { timeout }, async () => {
    const root = ranksRun(30, {
      guard: { spikeFactor: 1.001, patience: 1, maxRollbacks: 100 },
      checkpoints: { minutes: 1000, keep: 2 }, // those at evaluations alone, at the same steps
    });
    const rough = ["--set", "training.optimizer.learningRate=0.1"];
    const words = ["run", "recipe.json", "--dir", "alone", "--set", "training.microbatchSize=16", ...rough];
    const alone = await startCramkit(words, { cwd: root }).ended;
    expect(alone.code, alone.error).toBe(0);
    const two = await onRanks(launcher, [[2, [...run, "--set", "training.microbatchSize=8", ...rough]]], root);
    expect(two.code, two.error).toBe(0);
    expect(alone.error).toMatch(/loss 4\.\d+ against a median of .*, 1 times in a row: back to microbatch 8,/);
    expect(two.error.match(/back to microbatch 16,/g)).toHaveLength(1); // rank 0 alone says it
    // At such a rate a last bit is a tenth of a nat ten steps later.
    const [a, b] = ["alone", "run"].map((name) => measuredOf(join(root, name)).filter(({ loss }) => loss));
    expect(a!.slice(0, 14).map(({ step }) => step)).toContain(10); // beyond what was gone back over
    expect(worstDifference(b!.slice(0, 14), a!.slice(0, 14))).toBeLessThan(1e-3);
  });

  it(`${launcher.name}: ranks skip steps together, go back together, and give up with one line`, {
    timeout,
  }, async () => {
    const root = ranksRun(400);
    const hopeless = ["--set", "training.optimizer.learningRate=1e30", "--set", "guard.maxRollbacks=1"];
    const { code, error } = await onRanks(launcher, [[2, [...run, ...hopeless]]], root);
    expect(code).not.toBe(0);
    expect(error.match(/back to microbatch \d+/g)).toHaveLength(1);
    expect(error.match(/^cramkit: .*$/gm)).toEqual([
      expect.stringMatching(/loss is NaN, .* in a row, after 1 rollbacks/),
    ]);
  });
}
