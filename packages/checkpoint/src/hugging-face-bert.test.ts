import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareTensors, fromHuggingFaceBert, requireTensors, type TensorEntry, toHuggingFaceBert } from "./index.ts";
import { openCheckpoint, writeHuggingFaceFolder } from "./node/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cramkit-hugging-face-"));
});
afterAll(() => rm(folder, { recursive: true }));

let next = 0;
const entry = (name: string, ...shape: number[]): TensorEntry => {
  const count = shape.reduce((size, axis) => size * axis, 1);
  return { name, dtype: "F32", shape, data: Float32Array.from({ length: count }, () => next++) };
};
const layer = (index: number): TensorEntry[] => {
  const at = `bert.encoder.layer.${index}`;
  const dense = (name: string, outputs: number, inputs: number) => [
    entry(`${at}.${name}.weight`, outputs, inputs),
    entry(`${at}.${name}.bias`, outputs),
  ];
  const norm = (name: string) => [entry(`${at}.${name}.weight`, 4), entry(`${at}.${name}.bias`, 4)];
  return [
    ...dense("attention.self.query", 4, 4),
    ...dense("attention.self.key", 4, 4),
    ...dense("attention.self.value", 4, 4),
    ...dense("attention.output.dense", 4, 4),
    ...norm("attention.output.LayerNorm"),
    ...dense("intermediate.dense", 6, 4),
    ...dense("output.dense", 4, 6),
    ...norm("output.LayerNorm"),
  ];
};
const maskedLanguageModel = (): TensorEntry[] => [
  entry("bert.embeddings.word_embeddings.weight", 7, 4),
  entry("bert.embeddings.position_embeddings.weight", 5, 4),
  entry("bert.embeddings.token_type_embeddings.weight", 2, 4),
  entry("bert.embeddings.LayerNorm.weight", 4),
  entry("bert.embeddings.LayerNorm.bias", 4),
  ...layer(0),
  ...layer(1),
  entry("cls.predictions.bias", 7),
  entry("cls.predictions.transform.dense.weight", 4, 4),
  entry("cls.predictions.transform.dense.bias", 4),
  entry("cls.predictions.transform.LayerNorm.weight", 4),
  entry("cls.predictions.transform.LayerNorm.bias", 4),
];
const byName = (entries: TensorEntry[]) => [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));

describe("Hugging Face BERT names", () => {
  it("come back as they were", () => {
    const theirs = maskedLanguageModel();
    const ours = fromHuggingFaceBert(theirs, { heads: 2 });
    expect(ours.map((tensor) => tensor.name)).toContain("encoder.layers.1.attn.self_attention.query_key_value.bias");
    expect(byName(toHuggingFaceBert(ours, { heads: 2 }))).toEqual(byName(theirs));
  });

  it("group the rows of query, key and value by head", () => {
    const ours = fromHuggingFaceBert(layer(0), { heads: 2 });
    const bias = ours.find((tensor) => tensor.name.endsWith("query_key_value.bias"))!;
    const first = Number(bias.data[0]);
    // Query, key and value biases lie 20 apart: 4 of a bias and 16 of the next weight.
    expect([...(bias.data as Float32Array)].map((value) => value - first)).toEqual([
      0, 1, 20, 21, 40, 41, 2, 3, 22, 23, 42, 43,
    ]);
  });

  it("are read without their prefix, with the names of old checkpoints, and without what is tied", () => {
    const old = maskedLanguageModel().map((tensor) => ({
      ...tensor,
      name: tensor.name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
    }));
    const more = [
      { ...old[0]!, name: "cls.predictions.decoder.weight" },
      { ...old.find(({ name }) => name === "cls.predictions.bias")!, name: "cls.predictions.decoder.bias" },
      entry("bert.embeddings.position_ids", 1, 5),
      entry("cls.seq_relationship.bias", 2),
    ];
    const names = (entries: TensorEntry[]) =>
      fromHuggingFaceBert(entries, { heads: 2 })
        .map((tensor) => tensor.name)
        .sort();
    expect(names([...old, ...more])).toEqual(names(maskedLanguageModel()));
    const model = maskedLanguageModel().filter((tensor) => tensor.name.startsWith("bert."));
    expect(names(model.map((tensor) => ({ ...tensor, name: tensor.name.slice(5) })))).toEqual(names(model));
  });

  it("that are ours already pass", () => {
    const ours = fromHuggingFaceBert(maskedLanguageModel(), { heads: 2 });
    expect(fromHuggingFaceBert(ours, { heads: 2 })).toEqual(ours);
  });

  it("are refused with a decoder that is not tied, whose words would be lost", () => {
    const untied = [...maskedLanguageModel(), entry("cls.predictions.decoder.weight", 7, 4)];
    expect(() => fromHuggingFaceBert(untied, { heads: 2 })).toThrow(
      /decoder\.weight to be tied to encoder\.embedding\.word_embedding\.weight, got other values; say tieWeights: false/,
    );
  });

  it("keep a decoder of its own, with the bias where either version of transformers looks for it", () => {
    const own = entry("cls.predictions.decoder.weight", 7, 4);
    const untied = { heads: 2, tieWeights: false };
    const ours = fromHuggingFaceBert([...maskedLanguageModel(), own], untied);
    expect(ours.find(({ name }) => name === "decoder.weight")?.data).toEqual(own.data);
    const theirs = toHuggingFaceBert(ours, untied);
    expect(theirs.find(({ name }) => name === own.name)?.data).toEqual(own.data);
    const biases = ["cls.predictions.bias", "cls.predictions.decoder.bias"].map((bias) => {
      return theirs.find(({ name }) => name === bias)?.data;
    });
    expect(biases[0]).toHaveLength(7);
    expect(biases[1]).toEqual(biases[0]);
    // Version 5 writes both, and adds the decoder's.
    const other = entry("cls.predictions.decoder.bias", 7);
    const found = fromHuggingFaceBert([...maskedLanguageModel(), own, other], untied);
    expect(found.filter(({ name }) => name === "decoder.bias").map(({ data }) => data)).toEqual([other.data]);
  });

  it("come in float64 as well", () => {
    const wide = layer(0).map((tensor) => ({ ...tensor, data: Float64Array.from(tensor.data as Float32Array) }));
    const bias = fromHuggingFaceBert(wide, { heads: 2 }).find(({ name }) => name.endsWith("query_key_value.bias"));
    expect(bias?.data).toBeInstanceOf(Float32Array);
  });

  it("that are not known, or of which a part is missing, are all listed", () => {
    const wrong = [entry("bert.something", 1), ...layer(0).slice(2), entry("other", 1)];
    expect(() => fromHuggingFaceBert(wrong, { heads: 2 })).toThrow(
      /bert\.something, other, .*query_key_value\.weight \(of query, key and value only a part\)/,
    );
    expect(() => toHuggingFaceBert([entry("encoder.final_norm.weight", 4)], { heads: 2 })).toThrow(/final_norm/);
    expect(() => fromHuggingFaceBert(layer(0), { heads: 3 })).toThrow(/divide by 3; is the number of heads right/);
  });
});

describe("a Hugging Face folder", () => {
  it("has the files that transformers looks for", async () => {
    const left = /token_type|query\.bias|cls\.predictions\.bias/;
    const tensors = maskedLanguageModel().filter(({ name }) => !left.test(name));
    const files = await writeHuggingFaceFolder(folder, {
      config: {
        model_type: "bert",
        hidden_size: 4,
        type_vocab_size: 2,
        vocab_size: 7,
        initializer_range: 1,
        layer_norm_eps: 0,
      },
      tensors,
      tokenizer: {
        json: { version: "1.0" },
        specialTokens: { padding: "<pad>", unknown: "<unk>", first: "<cls>", separator: "<sep>", mask: "<mask>" },
        maxLength: 5,
      },
    });
    expect(files.sort()).toEqual(
      ["config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"].sort(),
    );
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.metadata).toEqual({ format: "pt" }); // transformers refuses a file without
    // Of what the model goes without, transformers gets zeros.
    const added = checkpoint.tensors.map(({ name }) => name).filter((name) => left.test(name));
    expect(added).toHaveLength(4);
    expect((await checkpoint.read("bert.embeddings.token_type_embeddings.weight")).shape).toEqual([2, 4]);
    expect((await checkpoint.read("cls.predictions.bias")).data).toEqual(new Float32Array(7));
    expect((await checkpoint.read("bert.encoder.layer.1.attention.self.query.bias")).data).toEqual(new Float32Array(4));
    await checkpoint.close();
    // transformers 5 checks types: an integer is no float to it.
    const written = await readFile(join(folder, "config.json"), "utf8");
    expect(written).toMatch(
      /"hidden_size": 4,\n.*"type_vocab_size": 2,\n.*"vocab_size": 7,\n.*"initializer_range": 1\.0,\n.*"layer_norm_eps": 0\.0\n/,
    );
    const config = JSON.parse(await readFile(join(folder, "tokenizer_config.json"), "utf8"));
    expect(config).toMatchObject({
      tokenizer_class: "PreTrainedTokenizerFast",
      mask_token: "<mask>",
      model_max_length: 5,
    });
  });
});

describe("checking tensors against a model", () => {
  it("lists everything that differs, with both shapes", () => {
    const expected = [
      { name: "a", shape: [2] },
      { name: "b", shape: [3, 4] },
      { name: "c", shape: [] },
    ];
    const found = [
      { name: "b", shape: [4, 3] },
      { name: "c", shape: [] },
      { name: "d", shape: [1] },
    ];
    expect(() => requireTensors(expected, found, "x.safetensors")).toThrow(
      /x\.safetensors, got 3 that differ.*\n {2}missing a: expected \[2\]\n {2}extra d: found \[1\]\n {2}misshapen b: expected \[3, 4\], found \[4, 3\]/,
    );
    expect(compareTensors(expected, expected)).toEqual({ missing: [], extra: [], misshapen: [] });
  });
});
