import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCompute } from "../compute.ts";
import { studySettings } from "../recipe/optimizer-settings.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { readRun } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { runRecipe } from "./run.ts";

/** Says loudly if there is no adapter; throws if `CRAMKIT_REQUIRE_GPU` is set. */
const hasAdapter = async (): Promise<boolean> => {
  try {
    const backend = { name: "webgpu", precision: "float32", threads: null } as const;
    const compute = await startCompute(backend, { allowSoftware: true });
    console.info(`recipes run on ${compute.description}`);
    await compute.dispose();
    return true;
  } catch (error) {
    if (process.env.CRAMKIT_REQUIRE_GPU) throw error;
    console.warn(`\n######## recipes NOT TESTED on WebGPU: ${(error as Error).message} ########\n`);
    return false;
  }
};

// Wide enough for the f16 copies of weights that AdamW keeps in step.
const { recipe: tiny, root } = tinyRun({ budget: "50 steps" });
const recipe: Recipe = { ...tiny, model: { ...tiny.model, hidden: 64, heads: 2, intermediate: 128 } };

/** Losses of all microbatches and of the held-out rows, and the loss scales. */
const lossesOf = async (
  name: string,
  backend: Partial<Recipe["backend"]>,
  training: Partial<Recipe["training"]> = {},
) => {
  const options = { folder: join(root, name), dataFolder: join(root, "prepared"), allowSoftware: true };
  const changed = { training: { ...recipe.training, ...training }, backend: { ...recipe.backend, ...backend } };
  await runRecipe({ ...recipe, ...changed }, options, quiet);
  const { metrics, summary } = await readRun(options.folder);
  const column = (key: string) => metrics.flatMap((row) => (typeof row[key] === "number" ? [row[key] as number] : []));
  return {
    steps: summary!.steps,
    losses: column("loss"),
    heldOut: column("heldOutLoss"),
    scales: column("lossScale"),
    memory: column("deviceMemoryBytes"),
  };
};

const relativeErrors = (got: readonly number[], want: readonly number[]) =>
  got.map((loss, i) => Math.abs(loss - want[i]!) / want[i]!);

describe.runIf(await hasAdapter())("a recipe of 50 steps", async () => {
  const cpu = await lossesOf("cpu", { name: "cpu" });

  it("learns on the CPU backend what it learns on WebGPU, to 1e-3 in float32", async () => {
    const gpu = await lossesOf("webgpu", { name: "webgpu" });
    expect(gpu.steps).toBe(50);
    expect(gpu.losses).toHaveLength(cpu.losses.length);
    expect(cpu.losses.at(-1)).toBeLessThan(0.8 * cpu.losses[0]!);
    const worst = Math.max(...relativeErrors(gpu.losses, cpu.losses), ...relativeErrors(gpu.heldOut, cpu.heldOut));
    console.info(`worst difference of a loss: ${worst.toExponential(1)}`);
    expect(worst).toBeLessThan(1e-3);
    expect(gpu.memory.at(-1)).toBeGreaterThan(0);
  });

  it("ends within 1 % of it in mixed precision, under loss scaling", async () => {
    const mixed = await lossesOf("mixed", { name: "webgpu", precision: "mixed" });
    expect(mixed.scales.every((scale) => scale > 1)).toBe(true);
    const [worst] = relativeErrors(mixed.heldOut.slice(-1), cpu.heldOut.slice(-1));
    console.info(`difference of the last held-out loss: ${worst!.toExponential(1)}`);
    expect(worst).toBeLessThan(0.01);
  });

  it.each([
    ["sam", 5e-3],
    ["sophia", 1e-3],
  ] as const)("gives %s, which asks for more gradients, the same ones", async (name, learningRate) => {
    const training = { budget: "6 steps", optimizer: studySettings(name, { learningRate }) };
    const want = await lossesOf(`${name}-cpu`, { name: "cpu" }, training);
    const got = await lossesOf(`${name}-webgpu`, { name: "webgpu" }, training);
    expect(Math.max(...relativeErrors(got.heldOut, want.heldOut))).toBeLessThan(1e-4);
  });
});
