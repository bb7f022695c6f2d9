import { join } from "node:path";
import { memory } from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { startCompute } from "../compute.ts";
import { readRun } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { runRecipe } from "./run.ts";

// As `cramkit run --dir` has it: tfjs-node's loader must not take it for its own.
process.argv.push("--dir", "elsewhere");

/** Why TensorFlow does not start; it starts where tfjs-node or tfjs-node-gpu is installed beside @cramkit/backend. */
const failure = await startCompute({ name: "tensorflow", precision: "float32", threads: null }).then(
  (compute) => compute.dispose(),
  (error: Error) => error.message,
);
if (failure) console.warn(`NOT TESTED on TensorFlow: ${failure}`);

it.skipIf(failure)("learns on TensorFlow what it learns on the CPU backend, and keeps nothing", async () => {
  const { recipe, root } = tinyRun({ budget: "50 steps" });
  const lossesOn = async (name: "cpu" | "tensorflow", folder: string = name) => {
    const options = { folder: join(root, folder), dataFolder: join(root, "prepared") };
    await runRecipe({ ...recipe, backend: { ...recipe.backend, name } }, options, quiet);
    const { metrics } = await readRun(options.folder);
    return metrics.flatMap(({ loss, heldOutLoss }) => [loss, heldOutLoss].filter((x) => typeof x === "number"));
  };
  const want = await lossesOn("cpu");
  const got = await lossesOn("tensorflow");
  const before = memory().numTensors;
  expect(await lossesOn("tensorflow", "again")).toEqual(got);
  expect(memory().numTensors).toBe(before);
  expect(got).toHaveLength(want.length);
  expect(want.length).toBeGreaterThan(50);
  expect(Math.max(...got.map((loss, i) => Math.abs(loss - want[i]!) / want[i]!))).toBeLessThan(1e-4);
});
