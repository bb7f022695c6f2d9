import { memory } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { type Compute, startCompute } from "../compute.ts";
import { applySettings } from "../recipe/settings.ts";
import { slowTrainingWarning } from "./slow-training.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

it("warns where a large model was to have a GPU and got the CPU, in what the machine needs for it", async () => {
  const before = memory().numTensors;
  const warning = await slowTrainingWarning(recipes["crammed-bert"](), "cpu");
  expect(warning).toMatch(/^warning: no GPU was found; .* this one has 119\.6 M parameters\.\n/);
  expect(warning).toMatch(
    /[1-9]\d* GFLOP\/s, a step of 8,192 rows takes [\d.]+ (minutes|hours) or longer, and 24 hours see [\d.]+ M tokens or fewer\./,
  );
  expect(warning).toMatch(/cramkit doctor.*cramkit run quickstart.*--set model\.layers=2/);
  expect(memory().numTensors).toBe(before);
});

it("says nothing of a small model, a GPU, or a recipe that names the CPU", async () => {
  const large = recipes["crammed-bert"]();
  const small = applySettings(recipes.quickstart(), ["backend.name=auto"]);
  expect(await slowTrainingWarning(small, "cpu")).toBeUndefined();
  expect(await slowTrainingWarning(large, "webgpu")).toBeUndefined();
  expect(await slowTrainingWarning(applySettings(large, ["backend.name=cpu"]), "cpu")).toBeUndefined();
});
