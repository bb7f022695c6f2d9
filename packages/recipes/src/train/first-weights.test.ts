import { init, modelConfig } from "@cramkit/model";
import { type GradInitGradient, gradInit, scaledBy } from "@cramkit/optim";
import type { Scalar } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { disposeTensors, type NamedTensors } from "../named-tensors.ts";
import type { StageProgress } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { changed, newFolder, run, runInParts, tinyPretraining } from "../testing/pretraining.testing.ts";
import { maskedLanguageModelGradient } from "./gradient.ts";

tinyPretraining();

const timeout = 120_000;

const search: NonNullable<Recipe["training"]["gradInit"]> = {
  ...{ steps: 6, tau: 0.1, stepType: "sign", minScale: 1e-3, maxScale: 1e3, secondOrder: true },
};
const withSearch = changed({ training: { gradInit: search, dropout: 0.1 } });

/** Stops when a stage has reported so often. */
const stoppedAt = async (folder: string, stage: string, reports: number) => {
  const controller = new AbortController();
  let seen = 0;
  const onProgress = (progress: StageProgress) => {
    if ((progress.stage === "GradInit") === (stage === "GradInit") && ++seen === reports) controller.abort();
  };
  return run({ recipe: withSearch, folder, context: { onProgress, signal: controller.signal } });
};

it("finds factors that make the first step a better one, by the recipe's own gradients", { timeout }, async () => {
  const longer = changed({ training: { gradInit: { ...search, steps: 12, tau: 0.05 }, dropout: 0.1 } });
  const [plain, scaled] = [await run({}), await run({ recipe: longer })];
  const pattern = /GradInit: loss after a step ([\d.]+) to ([\d.]+), norm of the gradient [\d.]+ to [\d.]+, factors of/;
  const [, before, after] = scaled.said.match(pattern)!.map(Number);
  expect(after).toBeLessThan(before!);
  expect(scaled.progress.step).toBe(plain.progress.step); // the search takes nothing of a budget in steps
  expect(scaled.left).toBe(0);
});

it("is found once: a run that is resumed has it in its first checkpoint, or begins the search again", {
  timeout,
}, async () => {
  const whole = await run({ recipe: withSearch });
  const folder = newFolder();
  await expect(stoppedAt(folder, "GradInit", 3)).rejects.toThrow(/stopped in GradInit; `cramkit resume .*` begins it/);
  await expect(stoppedAt(folder, "training", 1)).rejects.toThrow(/stopped at/);
  const resumed = await run({ recipe: withSearch, folder });
  expect(resumed.said).toContain("resuming at microbatch");
  expect(resumed.said).not.toContain("GradInit");
  expect(resumed.weights).toEqual(whole.weights);
  expect((await runInParts({ recipe: withSearch }, 12)).weights).toEqual(whole.weights);
});

it("leaves frozen parameters alone, and works in mixed precision", async () => {
  const { weights } = await run({ recipe: changed({ training: { frozen: ["word_embedding"], budget: "1 steps" } }) });
  const training = { frozen: ["word_embedding"], budget: "1 steps", gradInit: search };
  const scaled = await run({ recipe: changed({ training, backend: { precision: "mixed" } }) });
  const same = weights.filter((weight, i) => weight === scaled.weights[i]).length;
  expect(same / weights.length).toBeGreaterThan(0.1);
  expect(same / weights.length).toBeLessThan(1);
});

it("knows by differences of gradients how their norm changes with each factor", async () => {
  const small = { vocabSize: 20, hidden: 8, heads: 2, layers: 2, intermediate: 16, maxLength: 8 } as const;
  const config = modelConfig({ ...small, init: { type: "normal", std: 0.3 } });
  const params = init(config, 1);
  const found = maskedLanguageModelGradient(config, trainingLoss(config, withSearch.training.loss));
  const ids = Int32Array.from({ length: 32 }, (_, i) => (7 * i + 3) % 20);
  const positions = Int32Array.of(1, 6, 12, 17, 23, 30);
  const targets = positions.map((at) => ids[at]!);
  const batch = { batchSize: 4, seqLength: 8, inputIds: ids, positions, targets };
  const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction: 0 };
  const gradient: GradInitGradient = (at) => {
    const { loss, grads } = found(at, batch, progress, undefined as never);
    return { loss: loss as Scalar, grads: (grads as { grads: NamedTensors }).grads };
  };
  // The loss counts for nothing at this rate: a factor goes to where the norm comes closer to 1.
  const options = { steps: 1, learningRate: 1e9, stepType: "norm", kept: [] } as const;
  const factors = await gradInit(params, gradient, options);
  const normAt = async (name: string, factor: number) => {
    const at = scaledBy(params, { [name]: factor });
    let norm = 0;
    await gradInit(at, gradient, { ...options, secondOrder: false, onStep: ({ gradNorm }) => void (norm = gradNorm) });
    disposeTensors(at);
    return norm;
  };
  const norm = await normAt("", 1);
  let compared = 0;
  for (const [name, factor] of Object.entries(factors)) {
    const slope = ((await normAt(name, 1.01)) - (await normAt(name, 0.99))) / 0.02;
    if (Math.abs((norm - 1) * slope) < 1e-3) continue; // biases that are 0 at first
    expect(Math.sign(factor - 1), name).toBe(-Math.sign((norm - 1) * slope));
    compared++;
  }
  expect(compared).toBeGreaterThan(10);
  disposeTensors(params);
});
