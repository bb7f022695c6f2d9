import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embed } from "@cramkit/finetune";
import { init, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { env, pipeline } from "@huggingface/transformers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { openEmbeddingModel } from "../embeddings/open-embedding-model.ts";
import { saveTaskModel } from "../finetune/task-model.ts";
import { openModel } from "../open/open-model.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { exportModel } from "./export-model.ts";
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

it.each(["mean", "first"] as const)(
  "makes the vectors of embed of a model of embeddings, texts of several lengths at once: %s",
  async (pooling) => {
    const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
    const size = { layers: 2, hidden: 64, heads: 2, intermediate: 128, maxLength: 32 };
    const config = preset("crammed-bert", { vocabSize: tokenizer.vocabSize, ...size, head: { type: "none" } });
    const params = init(config, 1);
    const root = mkdtempSync(join(tmpdir(), "embedding-"));
    const [tuned, exported] = [join(root, "tuned"), join(root, "exported")];
    await saveTaskModel(tuned, {
      params,
      config,
      tokenizer,
      task: { kind: "embedding", labels: [], pooling },
      maxLength: 24,
    });
    const opened = await openModel(tuned);
    await exportModel(opened, "onnx", exported, { task: "feature-extraction" });
    const json = (...path: string[]) => JSON.parse(readFileSync(join(exported, ...path), "utf8"));
    expect(json("modules.json").map(({ type }: { type: string }) => type.split(".").at(-1))).toEqual([
      ...["Transformer", "Pooling", "Normalize"],
    ]);
    expect(json("1_Pooling", "config.json")).toMatchObject({
      word_embedding_dimension: 64,
      pooling_mode_mean_tokens: pooling === "mean",
      pooling_mode_cls_token: pooling === "first",
    });
    expect(json("sentence_bert_config.json").max_seq_length).toBe(24);
    const how = `{ pooling: "${pooling === "mean" ? "mean" : "cls"}", normalize: true }`;
    expect(readFileSync(join(exported, "README.md"), "utf8")).toContain(how);
    const texts = ["The fox.", "The quick brown fox jumps over it.", "a dog"];
    const run = await pipeline("feature-extraction", exported, { dtype: "fp32" });
    const got = await run(texts, { pooling: pooling === "mean" ? "mean" : "cls", normalize: true });
    await run.dispose();
    const model = await openEmbeddingModel(tuned);
    expect(model).toMatchObject({ pooling, maxLength: 24, isFinetuned: true });
    const ours: number[] = [];
    for await (const { vector } of embed(model, texts)) ours.push(...vector);
    expect(got.data).toHaveLength(ours.length);
    expect(Math.max(...ours.map((value, i) => Math.abs(value - Number(got.data[i]))))).toBeLessThan(1e-5);
  },
  60_000,
);
