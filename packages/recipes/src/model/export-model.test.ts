import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode, init, inputsOf, type ModelConfig, predictTokens, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { exportModel } from "./export-model.ts";
import { fillMask } from "./fill-mask.ts";
import { loadModel, type SavedModel, saveModel } from "./saved-model.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

const model = async (name: "crammed-bert" | "hf-bert-base", fields: Partial<ModelConfig> = {}): Promise<SavedModel> => {
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const sizes = { vocabSize: tokenizer.vocabSize, layers: 2, hidden: 16, heads: 2, intermediate: 32, maxSeq: 32 };
  const config = preset(name, { ...sizes, init: { type: "normal", std: 0.3 }, ...fields });
  return { params: init(config, 1), config, tokenizer };
};
const text = "The quick [MASK] fox jumps over a [MASK] dog.";

const asHuggingFace = (folder: string, saved: SavedModel) => exportModel(saved, "hf", folder);

it.each([
  ["our own files", "crammed-bert", saveModel, {}],
  ["Hugging Face files", "hf-bert-base", asHuggingFace, {}],
  [
    "those of a decoder of its own, without biases",
    "hf-bert-base",
    asHuggingFace,
    { tieWeights: false, useBias: false },
  ],
] as const)("gives the same guesses after %s were written and read", async (_, name, write, fields) => {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  const saved = await model(name, fields);
  await write(folder, saved);
  expect(await fillMask(await loadModel(folder), text)).toEqual(await fillMask(saved, text));
});

it("exports any model to ONNX, and a model that is no BERT not as one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  const saved = await model("crammed-bert");
  await exportModel(saved, "onnx", folder);
  expect(readdirSync(folder, { recursive: true })).toEqual(
    expect.arrayContaining(["config.json", "tokenizer.json", join("onnx", "model.onnx")]),
  );
  const refused = join(folder, "bert");
  await expect(exportModel(saved, "hf", refused)).rejects.toThrow(/expected a model of BERT's shape/);
  expect(readdirSync(folder)).not.toContain("bert");
});

it("asks for a mask, a model folder, and a text that fits", async () => {
  const saved = await model("crammed-bert");
  await expect(fillMask(saved, "nothing to guess")).rejects.toThrow("expected a [MASK] in the text");
  await expect(fillMask(saved, `${"fox ".repeat(40)}[MASK]`)).rejects.toThrow("expected at most 32 tokens");
  await expect(loadModel(mkdtempSync(join(tmpdir(), "empty-")))).rejects.toThrow("expected a model folder");
});

it("writes an ONNX file that onnxruntime reads, with the same logits", async () => {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  const saved = await model("crammed-bert");
  await exportModel(saved, "onnx", folder);
  const ids = Array.from(saved.tokenizer.encodeIds(text.replaceAll("[MASK]", "<mask>")));
  const shape = [1, ids.length];
  const int64 = (values: number[]) => new Tensor("int64", BigInt64Array.from(values, BigInt), shape);
  const session = await InferenceSession.create(join(folder, "onnx", "model.onnx"));
  const { logits } = await session.run({ input_ids: int64(ids), attention_mask: int64(ids.map(() => 1)) });
  const inputs = inputsOf({ batchSize: 1, seqLength: ids.length, inputIds: Int32Array.from(ids) });
  const params = saved.params;
  const ours = await predictTokens(params, saved.config, encode(params, saved.config, inputs)).data();
  const theirs = logits!.data as Float32Array;
  expect(theirs).toHaveLength(ours.length);
  expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThan(1e-4);
});
