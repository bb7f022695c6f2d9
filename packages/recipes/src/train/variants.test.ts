import { expect, it } from "vitest";
import { studySettings } from "../recipe/optimizer-settings.ts";
import { changed, run, runInParts, tinyPretraining } from "../testing/pretraining.testing.ts";

tinyPretraining();

it("drops a share of the tokens of each row, and resumes", async () => {
  const recipe = changed({ training: { tokenDrop: 0.25 } });
  const [all, fewer] = [await run({}), await run({ recipe })];
  expect(fewer.progress).toMatchObject({ step: 6, tokens: 6 * 24 * 24 });
  expect(all.progress).toMatchObject({ step: 6, tokens: 6 * 24 * 32 });
  expect(fewer.weights).not.toEqual(all.weights);
  expect((await runInParts({ recipe }, 4)).weights).toEqual(fewer.weights);
  expect(fewer.left).toBe(0);
});

it.each([
  ["in another order each time", { reshuffle: true }],
  ["from the last to the first", { reverseRows: true }],
  ["in short rows at first", { sequenceCurriculum: { lengths: [8, 32], unfold: true, fractions: [0, 0.5] } }],
])("goes through the rows %s where it shall, and resumes", async (_, training) => {
  const recipe = changed({ training });
  const [stored, other] = [await run({}), await run({ recipe })];
  expect(other.weights).not.toEqual(stored.weights);
  expect((await runInParts({ recipe }, 4)).weights).toEqual(other.weights);
});

it("trains on other rows in its last phase, and resumes before and in it", async () => {
  const lastPhase = { from: 0.5, sources: null, quality: null };
  const recipe = changed({ corpus: { lastPhase }, training: { budget: "8 steps" } });
  const one = changed({ training: { budget: "8 steps" } });
  const [plain, phased] = [await run({ recipe: one }), await run({ recipe })];
  expect(phased.weights).not.toEqual(plain.weights);
  const losses = ({ metrics }: typeof plain) => metrics.flatMap(({ loss }) => (typeof loss === "number" ? [loss] : []));
  const half = losses(plain).length / 2;
  expect(losses(phased).slice(0, half)).toEqual(losses(plain).slice(0, half));
  expect(losses(phased)[half]).not.toBe(losses(plain)[half]);
  for (const every of [5, 7, 17]) expect((await runInParts({ recipe }, every)).weights).toEqual(phased.weights);
  expect(phased.left).toBe(0);
});

it.each(["adam8bit", "sam", "sophia", "adahessian", "shampoo", "muon"] as const)(
  "trains with %s, and resumes",
  async (name) => {
    const learningRate = { adam8bit: 5e-3, sam: 5e-3, sophia: 1e-3, adahessian: 0.05, shampoo: 5e-3, muon: 0.02 }[name];
    const optimizer = studySettings(name, { learningRate });
    const recipe = changed({ training: { optimizer, budget: "6 steps", batchSize: 8 } });
    const whole = await run({ recipe });
    const heldOut = whole.metrics.flatMap((row) => (typeof row.heldOutLoss === "number" ? [row.heldOutLoss] : []));
    expect(heldOut.at(-1)).toBeLessThan(4.6); // ln 100: the tokens are equally likely at first
    expect((await runInParts({ recipe }, 5)).weights).toEqual(whole.weights);
    expect(whole.left).toBe(0);
  },
);

it.each(["focal", "script"] as const)("trains by the loss %s, and resumes", async (name) => {
  const recipe = changed({ training: { loss: { name, labelSmoothing: 0, zLoss: 0 } } });
  const whole = await run({ recipe });
  const losses = whole.metrics.flatMap((row) => (typeof row.heldOutLoss === "number" ? [row.heldOutLoss] : []));
  expect(losses.at(-1)).toBeLessThan(4.6);
  expect((await runInParts({ recipe }, 4)).weights).toEqual(whole.weights);
  expect(whole.left).toBe(0);
});

it("shows sam the same gradients with a scaled loss", async () => {
  const optimizer = studySettings("sam", { learningRate: 5e-3 });
  const training = { optimizer, budget: "4 steps" };
  const plain = await run({ recipe: changed({ training }) });
  const scaled = await run({ recipe: changed({ training, backend: { precision: "mixed" } }) });
  const worst = Math.max(...scaled.weights.map((weight, i) => Math.abs(weight - plain.weights[i]!)));
  expect(worst).toBeLessThan(1e-5);
});

it("trains by all that changes over a budget, with optimizers for groups, and resumes to the last bit", async () => {
  const { clipNorm: _, ...lion } = studySettings("lion", { learningRate: 1e-3 });
  const recipe = changed({
    model: { activation: "relu2", qkNorm: true, valueResidual: true, firstNorm: false, zeroOutputs: true },
    masking: { finalProbability: 0.1 },
    training: {
      causalShare: 0.3,
      schedule: { name: "wsd-sqrt", warmup: 0, cooldown: 0.4 },
      optimizer: studySettings("muon", { learningRate: 0.01, method: "polar-express", neuronwise: true }),
      groups: [{ params: ["word_embedding"], optimizer: lion }],
    },
  });
  const whole = await run({ recipe });
  const losses = whole.metrics.flatMap((row) => (typeof row.heldOutLoss === "number" ? [row.heldOutLoss] : []));
  expect(losses.at(-1)).toBeLessThan(4.6);
  expect((await runInParts({ recipe }, 5)).weights).toEqual(whole.weights);
  expect(whole.left).toBe(0);
  const without = changed({ ...recipe, masking: { finalProbability: null } });
  expect((await run({ recipe: without })).weights).not.toEqual(whole.weights);
});
