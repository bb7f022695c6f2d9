import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode, init, inputsOf, type ModelConfig, predictTokens, preset } from "@cramkit/model";
import { crammingTokenizerOptions, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { fillMask } from "../model/fill-mask.ts";
import { loadModel, type SavedModel, saveModel } from "../model/saved-model.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { exportModel } from "./export-model.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

const model = async (name: "crammed-bert" | "hf-bert-base", fields: Partial<ModelConfig> = {}): Promise<SavedModel> => {
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const sizes = { vocabSize: tokenizer.vocabSize, layers: 2, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
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

it("exports any model to ONNX, and refuses one that Python has no code for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  const saved = await model("crammed-bert");
  await exportModel(saved, "onnx", folder);
  expect(readdirSync(folder, { recursive: true })).toEqual(
    expect.arrayContaining(["config.json", "tokenizer.json", join("onnx", "model.onnx")]),
  );
  const refused = join(folder, "python");
  const fourier = await model("crammed-bert", { mixer: "fourier" });
  await expect(exportModel(fourier, "hf", refused)).rejects.toThrow(
    /got mixer other than self-attention; export it to ONNX/,
  );
  expect(readdirSync(folder)).not.toContain("python");
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

const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
const emptyFolder = () => mkdtempSync(join(tmpdir(), "export-"));

describe("an export", () => {
  it("writes each precision where transformers.js looks, and says which one a plain call takes", async () => {
    const folder = emptyFolder();
    const saved = await model("crammed-bert", { hidden: 64, intermediate: 256 });
    const settings = () => readJson(folder, "config.json")["transformers.js_config"];
    await exportModel(saved, "onnx", folder, { precisions: ["q4"] });
    expect(settings()).toEqual({ dtype: "q4" });
    await exportModel(saved, "onnx", folder, { precisions: ["fp16"] });
    expect(settings()).toEqual({ dtype: "fp16" });
    await exportModel(saved, "onnx", folder, { precisions: ["q8"] });
    expect(settings()).toEqual({ dtype: "q8" });
    await exportModel(saved, "onnx", folder, { precisions: ["fp32"] });
    expect(settings()).toEqual({}); // the defaults of Node and browsers are both there
    const names = ["model.onnx", "model_fp16.onnx", "model_q4.onnx", "model_quantized.onnx"];
    expect(readdirSync(join(folder, "onnx")).sort()).toEqual(names);
    const [fp32, fp16, q4, q8] = names.map((name) => statSync(join(folder, "onnx", name)).size) as number[];
    expect(fp16! / fp32!).toBeLessThan(0.56);
    expect(q8! / fp32!).toBeLessThan(0.36); // the nodes weigh more than in a model of use
    expect(q4!).toBeLessThan(q8!);
    const card = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of names) expect(card).toContain(name);
  });

  it("keeps what another one of the same model has written, and refuses another model or task", async () => {
    const folder = emptyFolder();
    const saved = await model("hf-bert-base");
    await exportModel(saved, "hf", folder);
    await exportModel(saved, "onnx", folder);
    expect(readJson(folder, "config.json")).toMatchObject({
      num_hidden_layers: 2,
      "transformers.js_config": { dtype: "fp32" },
    });
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["model.safetensors", "onnx", "README.md"]));
    await expect(exportModel(saved, "onnx", folder, { task: "feature-extraction" })).rejects.toMatchObject({
      code: "exists",
    });
    const other = { ...saved, params: init(saved.config, 2) };
    await expect(exportModel(other, "onnx", folder)).rejects.toMatchObject({ code: "exists" });
  });

  it("gives the hidden state for feature-extraction, whatever the head", async () => {
    const folder = emptyFolder();
    const saved = await model("crammed-bert");
    await exportModel(saved, "onnx", folder, { task: "feature-extraction" });
    const session = await InferenceSession.create(join(folder, "onnx", "model.onnx"));
    expect(session.outputNames).toEqual(["last_hidden_state"]);
    await expect(exportModel(saved, "onnx", folder, { task: "token-classification" })).rejects.toMatchObject({
      code: "invalid-argument",
      problem: "expected a model with a head for token-classification, got one for fill-mask",
    });
  });

  it.each([
    ["crammed-bert", 0],
    ["hf-bert-base", 2],
  ] as const)("names the inputs of its graph to the tokenizer: %s", async (name, types) => {
    const folder = emptyFolder();
    const saved = await model(name);
    expect(saved.config.typeVocabSize).toBe(types);
    await exportModel(saved, "onnx", folder);
    const session = await InferenceSession.create(join(folder, "onnx", "model.onnx"));
    expect(readJson(folder, "tokenizer_config.json").model_input_names.sort()).toEqual([...session.inputNames].sort());
  });

  it("keeps the names of labels", async () => {
    const head = { type: "classification", labels: 3, width: 16, pooling: "first", dropout: 0 } as const;
    const saved = await model("hf-bert-base", { head });
    const names = { "0": "bad", "1": "fair", "2": "good" };
    for (const format of ["hf", "onnx"] as const) {
      const folder = emptyFolder();
      await exportModel({ ...saved, published: { config: { id2label: names } } }, format, folder);
      const fields = readJson(folder, "config.json");
      expect(fields.id2label).toEqual(names);
      expect(fields.label2id).toEqual({ bad: 0, fair: 1, good: 2 });
    }
    const tooFew = exportModel({ ...saved, published: { config: { id2label: { 0: "bad" } } } }, "onnx", emptyFolder());
    await expect(tooFew).rejects.toThrow(/labels: expected 3 names/);
  });

  it("writes a card with command and facts, and leaves alone one that is somebody's own", async () => {
    const folder = emptyFolder();
    const saved = await model("crammed-bert");
    const options = { command: "cramkit export here", facts: [["text", "books | more"]] } as const;
    await exportModel(saved, "onnx", folder, options);
    const card = readFileSync(join(folder, "README.md"), "utf8");
    expect(card).toContain("cramkit export here");
    expect(card).toContain("| text | books \\| more |");
    expect(card).toMatch(/^---\npipeline_tag: fill-mask\nlibrary_name: transformers.js\n/);
    writeFileSync(join(folder, "README.md"), "mine");
    await exportModel(saved, "onnx", folder, options);
    expect(readFileSync(join(folder, "README.md"), "utf8")).toBe("mine");
  });

  it("gives a classifier's tokenizer the first token that finetuning puts in front, and no other one", async () => {
    const head = { type: "classification", labels: 3, width: 16, pooling: "first", dropout: 0 } as const;
    const saved = await model("crammed-bert", { head });
    const folder = emptyFolder();
    await exportModel(saved, "onnx", folder);
    const written = tokenizerFromJson(readJson(folder, "tokenizer.json"));
    const [first, separator] = ["<cls>", "<sep>"].map((token) => written.tokenToId(token)!);
    const [a, b] = ["the fox", "a dog"].map((text) => [
      ...saved.tokenizer.encodeIds(text, { addSpecialTokens: false }),
    ]);
    expect([...written.encodeIds("the fox")]).toEqual([first, ...a!, separator]);
    expect(written.encodePair("the fox", "a dog").ids).toEqual([first, ...a!, separator, ...b!, separator]);
    const masked = emptyFolder();
    await exportModel(await model("crammed-bert"), "onnx", masked);
    expect(readJson(masked, "tokenizer.json")).toEqual(JSON.parse(JSON.stringify(saved.tokenizer.toJSON())));
  });
});
