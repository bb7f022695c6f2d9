import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TensorEntry } from "@cramkit/checkpoint";
import { writeCheckpoint, writeSafetensors } from "@cramkit/checkpoint/node";
import { initialised, inputTensors } from "@cramkit/finetune";
import { classify, encode, init, inputsOf, type ModelConfig, predictTokens, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { fill } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { exportModel } from "../export/export-model.ts";
import { readEntries } from "../named-tensors.ts";
import { sentences } from "../testing/tiny.testing.ts";
import { loadModel, type SavedModel } from "./saved-model.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));
const writeJson = (path: string, value: object) => writeFileSync(path, JSON.stringify(value));
const emptyFolder = () => mkdtempSync(join(tmpdir(), "published-"));
const copyOf = (name: string): string => {
  const folder = emptyFolder();
  cpSync(fixture(name), folder, { recursive: true });
  return folder;
};

const logitsOf = async ({ params, config }: SavedModel, ids: number[], mask?: number[]): Promise<number[]> => {
  const inputs = inputsOf({
    batchSize: 1,
    seqLength: ids.length,
    inputIds: Int32Array.from(ids),
    ...(mask && { attentionMask: Int32Array.from(mask) }),
  });
  const isMasked = config.head.type === "masked-language-model";
  const isBare = config.head.type === "none";
  const hidden = () => encode(params, config, inputs);
  const output = isBare
    ? hidden()
    : isMasked
      ? predictTokens(params, config, hidden())
      : classify(params, config, inputs);
  return Array.from(await output.data());
};

/** The study's configuration as its code writes it; the fields of a published `config.json` stand around it. */
const arch = {
  architectures: ["ScriptableCrammedBERT"],
  num_transformer_layers: 2,
  hidden_size: 16,
  intermed_size: 32,
  hidden_dropout_prob: 0.1,
  norm: "LayerNorm",
  norm_eps: 1e-12,
  norm_scheme: "pre",
  nonlin: "GELUglu",
  tie_weights: true,
  decoder_bias: false,
  sparse_prediction: 0.25,
  loss: "cross-entropy",
  objective_layout: "MLM",
  embedding: {
    vocab_size: 90,
    pos_embedding: "scaled-sinusoidal",
    dropout_prob: 0.1,
    pad_token_id: 0,
    max_seq_length: 32,
    embedding_dim: 16,
    normalization: true,
    stable_low_precision: false,
  },
  attention: {
    type: "self-attention",
    causal_attention: false,
    num_attention_heads: 2,
    dropout_prob: 0.1,
    skip_output_projection: false,
    qkv_bias: false,
    rotary_embedding: false,
    seq_op_in_fp32: false,
    sequence_op: "torch-softmax",
  },
  init: { type: "normal", std: 0.02 },
  ffn_layer_frequency: 1,
  skip_head_transform: true,
  use_bias: false,
  final_norm: true,
  num_labels: null,
  classification_head: {
    pooler: "avg",
    include_ff_layer: true,
    head_dim: 1024,
    nonlin: "Tanh",
    classifier_dropout: 0.1,
  },
};
const publishedFields = {
  arch,
  architectures: ["ScriptableLMForPreTraining"],
  model_type: "crammedBERT",
  torch_dtype: "float32",
};

const crammed = async (fields: Partial<ModelConfig> = {}): Promise<SavedModel> => {
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const sizes = { vocabSize: 90, layers: 2, hidden: 16, heads: 2, intermediate: 32, maxLength: 32 };
  const config = preset("crammed-bert", { ...sizes, init: { type: "normal", std: 0.3 }, ...fields });
  return { params: init(config, 1), config, tokenizer };
};
const entriesOf = async ({ params }: SavedModel): Promise<TensorEntry[]> => {
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(params))
    entries.push({ name, dtype: "F32", shape: value.shape, data: (await value.data()) as Float32Array });
  return entries;
};
/** With what the study's code leaves besides: a buffer in each layer, and the copy of the tied decoder. */
const withBuffers = (entries: TensorEntry[]): TensorEntry[] => [
  ...entries,
  ...[0, 1].map((layer) => ({
    name: `encoder.layers.${layer}.attn.self_attention.norm_factor`,
    dtype: "F32" as const,
    shape: [],
    data: Float32Array.of(8 ** -0.5),
  })),
  { ...entries.find(({ name }) => name.endsWith("word_embedding.weight"))!, name: "decoder.weight" },
];
const ids = [5, 9, 20, 4, 33, 7];

describe("a crammed-bert of the study", () => {
  it.each([
    ["as it is published", "config.json", publishedFields],
    ["as a run leaves it", "model_config.json", arch],
  ])("is read %s, and goes out to the last bit", async (_, file, fields) => {
    const model = await crammed();
    const folder = emptyFolder();
    const entries = withBuffers(await entriesOf(model));
    await writeSafetensors(join(folder, "model.safetensors"), entries);
    writeJson(join(folder, file), fields);
    writeJson(join(folder, "tokenizer.json"), model.tokenizer.toJSON());
    const loaded = await loadModel(folder);
    expect(await logitsOf(loaded, ids)).toEqual(await logitsOf(model, ids));
    expect(loaded.config).toMatchObject({
      dropout: 0.1,
      attentionDropout: 0.1,
      head: { type: "masked-language-model" },
    });

    const out = emptyFolder();
    await exportModel(loaded, "hf", out);
    const byName = (list: TensorEntry[]) => new Map(list.map((entry) => [entry.name, entry]));
    expect(byName(await readEntries(out))).toEqual(byName(entries));
    expect(readJson(out, "config.json").arch).toEqual(arch);
    expect(readFileSync(join(out, "modeling_crammed_bert.py"), "utf8")).toContain("class CrammedBertForMaskedLM");
    expect(await logitsOf(await loadModel(out), ids)).toEqual(await logitsOf(model, ids));
  });

  it("of the first version has its query, key and value regrouped, and a matrix before its decoder", async () => {
    const model = await crammed({ predictionHead: "linear" });
    const folder = emptyFolder();
    const entries = (await entriesOf(model)).map((entry) => {
      if (!entry.name.endsWith("query_key_value.weight")) return entry;
      const [heads, size] = [2, 8 * 16];
      const data = new Float32Array(entry.data.length);
      for (let head = 0; head < heads; head++)
        for (let role = 0; role < 3; role++)
          data.set(
            (entry.data as Float32Array).subarray((head * 3 + role) * size, (head * 3 + role + 1) * size),
            (role * heads + head) * size,
          );
      return { ...entry, name: entry.name.replace("query_key_value", "mha.Wqkv"), data };
    });
    await writeSafetensors(join(folder, "model.safetensors"), entries);
    const attention = { ...arch.attention, type: "flash-attention-impl" };
    writeJson(join(folder, "config.json"), { ...publishedFields, arch: { ...arch, attention } });
    writeJson(join(folder, "tokenizer.json"), model.tokenizer.toJSON());
    const loaded = await loadModel(folder);
    expect(await logitsOf(loaded, ids)).toEqual(await logitsOf(model, ids));
  });

  it("is refused where it says what no model here does", async () => {
    const model = await crammed();
    const folder = emptyFolder();
    await writeSafetensors(join(folder, "model.safetensors"), await entriesOf(model));
    writeJson(join(folder, "tokenizer.json"), model.tokenizer.toJSON());
    const load = (changes: object) => {
      writeJson(join(folder, "config.json"), { ...publishedFields, arch: { ...arch, ...changes } });
      return loadModel(folder);
    };
    await expect(load({ nonlin: "Swoosh" })).rejects.toThrow(
      /config\.json: expected one of GELU, .* as nonlin, got "Swoosh"/,
    );
    await expect(load({ attention: { ...arch.attention, type: "pytorch" } })).rejects.toThrow(
      /as attention\.type, got "pytorch"/,
    );
    await expect(load({ intermed_size: undefined })).rejects.toThrow(/expected a number as intermed_size, got nothing/);
    await expect(load({ norm_scheme: "around" })).rejects.toThrow(/one of pre, post, sandwich as norm_scheme/);
    writeJson(join(folder, "config.json"), { model_type: "crammedBERT" });
    await expect(loadModel(folder)).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("a RoBERTa or ModernBERT that transformers wrote", () => {
  it.each([
    ["roberta", 12],
    ["sentences", 12],
    ["modern", 512],
  ])("gives the same logits, and goes out with the same tensors: %s", async (name, maxLength) => {
    const expected = readJson(fixture(name), "expected.json");
    const model = await loadModel(fixture(name));
    expect(model.config.maxLength).toBe(maxLength);
    const [rows, seq] = expected.shape as [number, number];
    for (let row = 0; row < rows; row++) {
      const part = (field: string): number[] => expected[field].slice(row * seq, (row + 1) * seq);
      const mask = part("attention_mask");
      const ours = await logitsOf(model, part("input_ids"), mask);
      const theirs: number[] = expected.logits.slice(row * ours.length, (row + 1) * ours.length);
      const width = ours.length / seq;
      const counts = (i: number) => name === "sentences" || mask[Math.floor(i / width)] === 1;
      for (const [i, value] of ours.entries()) if (counts(i)) expect(value).toBeCloseTo(theirs[i]!, 4);
    }
    const out = emptyFolder();
    await exportModel(model, "hf", out);
    const sorted = (list: TensorEntry[]) => list.sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(sorted(await readEntries(out))).toEqual(sorted(await readEntries(fixture(name))));
    const { cramkit_weights: _, ...fields } = readJson(out, "config.json");
    expect(fields).toMatchObject({
      ...readJson(fixture(name), "config.json"),
      ...(name !== "modern" && { classifier_dropout: expect.toBeOneOf([null, 0.1]) }),
    });
  });
});

describe("a ModernBERT", () => {
  it("reads its tokenizer, of GPT-NeoX's kind", async () => {
    const { tokenizer } = await loadModel(fixture("modern"));
    for (const { text, ids } of readJson(fixture("modern"), "expected.json").texts)
      expect(Array.from(tokenizer.encodeIds(text))).toEqual(ids);
  });

  it("has layers that see their neighbours alone, by turns with others, in the words of version 4 too", async () => {
    const folder = copyOf("modern");
    const { config } = await loadModel(folder);
    expect(config).toMatchObject({
      mixer: ["self-attention", "local-attention", "local-attention", "self-attention"],
      localAttention: { reach: 3, rotaryBase: 10000 },
      rotaryBase: 160000,
      firstNorm: false,
    });
    const { layer_types: _, rope_parameters: __, ...fields } = readJson(folder, "config.json");
    const old = { global_rope_theta: 160000, local_rope_theta: 10000, global_attn_every_n_layers: 3 };
    writeJson(join(folder, "config.json"), { ...fields, ...old });
    expect((await loadModel(folder)).config).toEqual(config);
    // null: the base of the layers that see everything
    writeJson(join(folder, "config.json"), { ...fields, ...old, local_rope_theta: null });
    expect((await loadModel(folder)).config.localAttention).toEqual({ reach: 3, rotaryBase: 160000 });
  });

  it("gives a row the same logits whether the fused kernel mixes its neighbourhood or the window does", async () => {
    const model = await loadModel(fixture("modern"));
    const row = ids.slice(0, 4); // reach 3: all is near
    const spread = await logitsOf(model, [...row, 3, 3], [1, 1, 1, 1, 0, 0]);
    const fused = await logitsOf(model, row);
    for (const [i, value] of fused.entries()) expect(spread[i]).toBeCloseTo(value, 5);
  });

  it("whose decoder or head is another is refused, and its encoder is read", async () => {
    const folder = copyOf("modern");
    const fields = readJson(folder, "config.json");
    writeJson(join(folder, "config.json"), { ...fields, architectures: ["ModernBertForQuestionAnswering"] });
    await expect(loadModel(folder)).rejects.toThrow(
      /expected an architecture of "ModernBertModel", "ModernBertForMaskedLM"/,
    );
    const bare = await loadModel(folder, { encoderOnly: true });
    expect(bare.config.head).toEqual({ type: "none" });
    const out = emptyFolder();
    await exportModel(bare, "hf", out);
    expect(readJson(out, "config.json")).toMatchObject({
      architectures: ["ModernBertModel"],
      max_position_embeddings: 8192,
    });
    expect((await readEntries(out)).map(({ name }) => name)).toContain("layers.3.attn.Wqkv.weight");
    expect(await logitsOf(await loadModel(out), ids)).toEqual(await logitsOf(bare, ids));
    writeJson(join(folder, "config.json"), { ...fields, rope_scaling: { type: "yarn" } });
    await expect(loadModel(folder)).rejects.toThrow(/expected rope_scaling null/);
  });

  it("that was changed here goes out as one that transformers reads", async () => {
    const model = await loadModel(fixture("modern"));
    const { published: _, ...own } = model;
    const out = emptyFolder();
    await exportModel(own, "hf", out);
    const fields = readJson(out, "config.json");
    const {
      max_position_embeddings: __,
      transformers_version: ___,
      ...theirs
    } = readJson(fixture("modern"), "config.json");
    const both = Object.entries(theirs).filter(([name]) => name in fields);
    expect(both.length).toBeGreaterThan(10);
    for (const [name, value] of both) expect([name, fields[name]]).toEqual([name, value]);
    expect(fields).toMatchObject({ global_attn_every_n_layers: 3, max_position_embeddings: 512 });
    expect(readJson(out, "tokenizer_config.json").model_input_names).toEqual(["input_ids", "attention_mask"]);
    expect((await loadModel(out)).config).toEqual(model.config);
  });
});

describe("a BERT that somebody else wrote", () => {
  it("has the defaults of its class where a field is missing", async () => {
    const folder = copyOf("untied");
    const { layer_norm_eps, type_vocab_size, pad_token_id, hidden_act, ...fields } = readJson(folder, "config.json");
    writeJson(join(folder, "config.json"), fields);
    expect((await loadModel(folder)).config).toMatchObject({
      normEpsilon: 1e-12,
      typeVocabSize: 2,
      paddingId: 0,
      activation: "gelu",
    });
  });

  it("is read whatever its head where the encoder alone is wanted", async () => {
    const folder = copyOf("masked");
    const fields = readJson(folder, "config.json");
    writeJson(join(folder, "config.json"), { ...fields, architectures: ["BertForQuestionAnswering"] });
    const [whole, bare] = [await loadModel(fixture("masked")), await loadModel(folder, { encoderOnly: true })];
    expect(bare.config.head).toEqual({ type: "none" });
    for (const [name, value] of Object.entries(bare.params)) {
      expect(name).toMatch(/^encoder\./);
      expect(await value.data()).toEqual(await whole.params[name]!.data());
    }
    await expect(loadModel(folder)).rejects.toThrow(/expected an architecture of/);
  });

  it("keeps what no model of ours has on the way out, and its type of floats", async () => {
    const folder = copyOf("masked");
    const entries = await readEntries(folder);
    const more = ["bert.pooler.dense.weight", "cls.seq_relationship.weight"].map((name) => ({
      name,
      dtype: "F16" as const,
      shape: [2, 12],
      data: Float32Array.from({ length: 24 }, (_, i) => i / 8),
    }));
    rmSync(join(folder, "model.safetensors.index.json"));
    await writeCheckpoint(folder, [...entries, ...more], { metadata: { format: "pt" } });
    const out = emptyFolder();
    await exportModel(await loadModel(folder), "hf", out);
    const found = new Map((await readEntries(out)).map((entry) => [entry.name, entry]));
    for (const entry of [...entries, ...more])
      if (!entry.name.startsWith("cls.predictions.decoder")) expect(found.get(entry.name)).toEqual(entry);
    expect(readJson(out, "config.json")).toMatchObject({ initializer_range: 0.4, model_type: "bert" });
  });

  it("is refused as a pickle, with what to do", async () => {
    const folder = copyOf("classifier");
    renameSync(join(folder, "model.safetensors"), join(folder, "pytorch_model.bin"));
    await expect(loadModel(folder)).rejects.toMatchObject({
      code: "unsupported",
      place: join(folder, "pytorch_model.bin"),
      remedy: expect.stringContaining("safe_serialization=True"),
    });
  });

  it("is finetuned with the pooler that it was pretrained with, if the head has one of its shape", async () => {
    const { params, config } = await loadModel(fixture("masked"), { encoderOnly: true });
    const pooler = { "pooler.dense.weight": fill([12, 12], 0.5), "pooler.dense.bias": fill([12], 0.25) };
    const withWidth = (width: number): ModelConfig => ({
      ...config,
      head: { type: "classification", labels: 2, width, pooling: "first", dropout: 0 },
    });
    const own = initialised(withWidth(12), 1, params, pooler);
    expect(await own["pooler.dense.weight"]!.data()).toEqual(await pooler["pooler.dense.weight"].data());
    const wide = initialised(withWidth(20), 1, params, pooler);
    expect(wide["pooler.dense.weight"]!.shape).toEqual([20, 12]);
    expect(await initialised(withWidth(12), 1, params)["pooler.dense.bias"]!.data()).toEqual(new Float32Array(12));
  });

  it("of one token type takes no segments of pairs", async () => {
    const { config } = await loadModel(fixture("roberta"));
    expect(config.typeVocabSize).toBe(1);
    const one = { size: 1, seqLength: 2, inputIds: Int32Array.of(5, 6), attentionMask: Int32Array.of(1, 1) };
    const inputs = inputTensors(config, { ...one, typeIds: Int32Array.of(0, 1) });
    expect(inputs.tokenTypeIds).toBeUndefined(); // zeros
  });
});
