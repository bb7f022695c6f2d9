import { parameterCount } from "@cramkit/model";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { modelOf } from "../recipe/model-of.ts";
import { applySettings } from "../recipe/settings.ts";
import { planSweep } from "../sweep/plan.ts";
import { type StudyName, studyNames, studySweep } from "./studies.ts";

const folders = { folder: "sweeps", dataFolder: "prepared" };
const small = () =>
  applySettings(recipes["crammed-bert"](), [
    "model.layers=4",
    "model.hidden=256",
    "model.heads=4",
    "model.intermediate=1024",
    "training.budget=10 minutes",
    "training.batchSize=64",
    "training.microbatchSize=16",
    "corpus.compressionTokenizer=null",
    "corpus.maxTokensPerCharacter=0.25",
  ]);
const bases = {
  "the study's scale": recipes["crammed-bert"],
  "a small scale": small,
  quickstart: recipes.quickstart,
  smoke: recipes.smoke,
};

it.each(studyNames.flatMap((name) => Object.keys(bases).map((base) => [name, base] as const)))(
  "%s can be run at %s, every variant of it",
  async (name, base) => {
    const { runs } = await planSweep(studySweep(name, bases[base as keyof typeof bases]()), folders);
    expect(
      runs.filter(({ problem }) => problem !== undefined).map(({ variant, problem }) => `${variant}: ${problem}`),
    ).toEqual([]);
    expect(runs.length).toBeGreaterThanOrEqual(3);
    // One budget for all, but where the budget is what is compared.
    const budgets = new Set(runs.map(({ recipe }) => recipe!.training.budget));
    expect(budgets.size).toBe(name === "scaling" ? 5 : 1);
  },
);

const planOf = async (name: StudyName, base = recipes["crammed-bert"]()) =>
  new Map((await planSweep(studySweep(name, base), folders)).runs.map((run) => [run.variant, run.recipe!]));

it("is the study's own at its own scale", async () => {
  const architectures = await planOf("figure-1");
  const models = [...architectures.values()].map((recipe) => modelOf(recipe, 32_768));
  expect(models[0]).toMatchObject({ layers: 16, hidden: 768, heads: 12 });
  expect(architectures.get("bamboo: deep and narrow")!.model).toMatchObject({ layers: 48, hidden: 384, heads: 6 });
  expect(parameterCount(modelOf(architectures.get("BERT-base, norms last")!, 32_768))).toBeGreaterThan(1e8);
  const table = await planOf("table-3");
  expect(table.get("Izsak et al.")).toMatchObject({
    model: { layers: 24, hidden: 1024 },
    training: { batchSize: 4096, optimizer: { learningRate: 2e-3, epsilon: 1e-6 }, dropout: 0.1, budget: "24 hours" },
    masking: { policy: "bernoulli", probability: 0.15 },
  });
  expect(table.get("BERT by its own protocol")!.training).toMatchObject({
    budget: "24 hours",
    horizon: "1000000 steps",
  });
  const sizes = [...(await planOf("figure-3")).values()].map(({ tokenizer }) => tokenizer.vocabSize);
  expect(sizes).toEqual([2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072]);
});

it("keeps the proportions of the study at a smaller scale", async () => {
  const architectures = await planOf("figure-1", small());
  expect(architectures.get("BERT-base, norms last")!.model).toMatchObject({
    layers: 3,
    hidden: 256,
    heads: 4,
    intermediate: 1024,
  });
  expect(architectures.get("bamboo: deep and narrow")!.model).toMatchObject({ layers: 12, hidden: 128, heads: 2 });
  expect(architectures.get("FNet hybrid")!.model.mixer).toEqual([
    ...Array(3).fill("fourier-projected"),
    "self-attention",
  ]);
  const table = await planOf("table-3", small());
  expect(table.get("Izsak et al.")!.training).toMatchObject({ batchSize: 32, budget: "10 minutes" });
  expect(table.get("BERT by its own protocol")!.training).toMatchObject({
    budget: "10 minutes",
    horizon: "160 minutes",
  });
});

it("trains all vocabularies on the text that one tokenizer lets through", async () => {
  const plan = await planSweep(studySweep("figure-3", small()), folders);
  expect(plan.filter!.tokenizer.vocabSize).toBe(32_768);
  const filters = new Set(plan.runs.map(({ recipe }) => recipe!.corpus.compressionTokenizer));
  expect([...filters]).toEqual([expect.stringMatching(/prepared\/figure-3-\w+\/tokenizer\.json$/)]);
  expect((await planSweep(studySweep("figure-3", recipes.quickstart()), folders)).filter).toBeUndefined();
});

it("leaves out what changes nothing, and multiplies any budget", async () => {
  const ablations = [...(await planOf("table-4", recipes.quickstart())).keys()];
  expect(ablations).not.toContain("rows in random order"); // they are already
  expect(ablations).not.toContain("without filter");
  expect([...(await planOf("table-4")).keys()]).toContain("without filter");
  const scaling = await planOf("scaling", applySettings(recipes.smoke(), ["training.budget=1.5e6 tokens"]));
  expect([...scaling.values()].map(({ training }) => training.budget)).toEqual([
    "1.5e6 tokens",
    "3000000 tokens",
    "6000000 tokens",
    "12000000 tokens",
    "24000000 tokens",
  ]);
  expect(() => studySweep("figure-4" as StudyName, small())).toThrow(/got "figure-4"; there is figure-/);
});
