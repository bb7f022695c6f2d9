import { join } from "node:path";
import { env, pipeline } from "@huggingface/transformers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { differenceOf, type ExportedModel, exportedModels } from "./exported-models.testing.ts";
import { type ExportPrecision, exportPrecisions } from "./onnx-files.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  env.allowRemoteModels = false;
});
afterAll(() => compute.dispose());

const answer = async ({ task, root, folder, text }: ExportedModel, dtype?: ExportPrecision): Promise<unknown> => {
  const path = join(root, folder);
  const run = await (dtype ? pipeline(task, path, { dtype }) : pipeline(task, path));
  try {
    return await (run as unknown as (text: string) => Promise<unknown>)(text);
  } finally {
    await run.dispose();
  }
};

it("answers a plain call of transformers.js in Node as ours do, for each task, and in each precision", async () => {
  const models = await exportedModels();
  expect(models).toHaveLength(8);
  for (const model of models) {
    expect(differenceOf(model, "fp32", await answer(model)), model.folder).toBeUndefined();
    for (const precision of exportPrecisions)
      expect(
        differenceOf(model, precision, await answer(model, precision)),
        `${model.folder} ${precision}`,
      ).toBeUndefined();
  }
}, 120_000);

it.each(exportPrecisions)(
  "answers a plain call from a folder that holds nothing but %s",
  async (precision) => {
    const [, , model] = (await exportedModels([precision])) as [ExportedModel, ExportedModel, ExportedModel];
    expect(differenceOf(model, precision, await answer(model))).toBeUndefined();
  },
  120_000,
);
