import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "@cramkit/checkpoint/node";
import { classify, encode, inputsOf, predictTokens } from "@cramkit/model";
import { mul } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compute, startCompute } from "../compute.ts";
import { disposeTensors, entriesOf, type NamedTensors } from "../named-tensors.ts";
import { fillMask } from "./fill-mask.ts";
import { loadModel, saveModel } from "./saved-model.ts";

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
});
afterAll(() => compute.dispose());

interface Expected {
  readonly shape: readonly [number, number];
  readonly input_ids: number[];
  readonly attention_mask: number[];
  readonly token_type_ids: number[];
  readonly logits: number[];
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[];
}

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8"));

/** A copy of a folder that Python wrote, with other fields in one of its files. */
const changed = (name: string, file: string, fields: object): string => {
  const folder = mkdtempSync(join(tmpdir(), "published-"));
  cpSync(fixture(name), folder, { recursive: true });
  writeFileSync(join(folder, file), JSON.stringify({ ...readJson(folder, file), ...fields }));
  return folder;
};

describe("a folder that transformers wrote", () => {
  it.each([
    ["masked", "shards of float16"],
    ["untied", "a decoder of its own"],
    ["classifier", "bfloat16 and a cased vocab.txt"],
  ])("gives the same logits and ids: %s, %s", async (name) => {
    const expected: Expected = readJson(fixture(name), "expected.json");
    const { params, config, tokenizer } = await loadModel(fixture(name));
    const [batchSize, seqLength] = expected.shape;
    const mask = Int32Array.from(expected.attention_mask);
    const inputs = inputsOf({
      batchSize,
      seqLength,
      inputIds: Int32Array.from(expected.input_ids),
      attentionMask: mask,
      tokenTypeIds: Int32Array.from(expected.token_type_ids),
    });
    const weights = params;
    const isMasked = config.head.type === "masked-language-model";
    const logits = isMasked
      ? predictTokens(weights, config, encode(weights, config, inputs))
      : classify(weights, config, inputs);
    const ours = await logits.data();
    expect(ours).toHaveLength(expected.logits.length);
    const width = logits.shape.at(-1)!;
    // What stands at padding is nobody's: it is compared nowhere.
    const counted = Array.from(ours.keys()).filter((i) => !isMasked || mask[Math.floor(i / width)] === 1);
    expect(Math.max(...counted.map((i) => Math.abs(ours[i]! - expected.logits[i]!)))).toBeLessThan(1e-5);
    for (const { text, ids } of expected.texts) expect(Array.from(tokenizer.encodeIds(text))).toEqual(ids);
  });

  it("is refused where it says what no model here does", async () => {
    const load = (fields: object) => loadModel(changed("masked", "config.json", fields));
    await expect(load({ is_decoder: true })).rejects.toThrow(/config\.json: expected is_decoder false, got true/);
    await expect(load({ hidden_act: "gelu_new" })).rejects.toThrow(/expected hidden_act "gelu", .*got "gelu_new"/);
    await expect(load({ architectures: ["BertForQuestionAnswering"] })).rejects.toThrow(
      /expected an architecture of "BertForMaskedLM", .*got "BertForQuestionAnswering"/,
    );
    await expect(load({ tie_word_embeddings: false })).rejects.toThrow(/missing decoder\.weight/);
    const accents = changed("classifier", "tokenizer_config.json", { strip_accents: true });
    await expect(loadModel(accents)).rejects.toThrow(/strip_accents as do_lower_case, got .*"strip_accents":true/);
    const noWeights = changed("classifier", "config.json", {});
    rmSync(join(noWeights, "model.safetensors"));
    await expect(loadModel(noWeights)).rejects.toThrow(
      /expected model\.safetensors or model\.safetensors\.index\.json/,
    );
  });

  it("guesses no words with a head that has none", async () => {
    await expect(fillMask(await loadModel(fixture("classifier")), "The [MASK]")).rejects.toThrow(
      "expected a model with a masked-language-model head, got classification",
    );
  });
});

describe("a folder of ours", () => {
  const files = ["model.safetensors", "model_config.json", "tokenizer.json"];

  const saved = async (params?: NamedTensors): Promise<string> => {
    const { config, tokenizer, params: published } = await loadModel(fixture("masked"));
    const folder = mkdtempSync(join(tmpdir(), "saved-"));
    await saveModel(folder, { params: params ?? published, config, tokenizer });
    disposeTensors(published);
    return folder;
  };

  it("is refused when any bit of its files has changed", async () => {
    const folder = await saved();
    disposeTensors((await loadModel(folder)).params);
    for (const name of [...files, "checksums.json"]) {
      const whole = readFileSync(join(folder, name));
      for (const at of [0, whole.length >> 1, whole.length - 2]) {
        const flipped = Buffer.from(whole);
        flipped[at]! ^= 1;
        writeFileSync(join(folder, name), flipped);
        await expect(loadModel(folder), `${name} at ${at}`).rejects.toThrow(/checksum|JSON|bytes|outside|got/);
      }
      writeFileSync(join(folder, name), whole);
    }
    disposeTensors((await loadModel(folder)).params);
  });

  it("is refused when what was saved beside it has changed", async () => {
    const { params, ...model } = await loadModel(fixture("masked"));
    const folder = mkdtempSync(join(tmpdir(), "saved-"));
    await saveModel(folder, { params, ...model }, { beside: { "labels.json": ["cold", "warm"] } });
    disposeTensors(params);
    disposeTensors((await loadModel(folder)).params);
    writeFileSync(join(folder, "labels.json"), readFileSync(join(folder, "labels.json"), "utf8").replace("old", "omd"));
    await expect(loadModel(folder)).rejects.toThrow(/labels\.json: its checksum does not match/);
  });

  it("says of a changed file what it is and what to do", async () => {
    const folder = await saved();
    const whole = readFileSync(join(folder, "model.safetensors"));
    whole[whole.length - 1]! ^= 4;
    writeFileSync(join(folder, "model.safetensors"), whole);
    await expect(loadModel(folder)).rejects.toThrow(
      /model\.safetensors: its checksum does not match, its content was changed; restore .* delete .*checksums\.json$/,
    );
    rmSync(join(folder, "model.safetensors"));
    await expect(loadModel(folder)).rejects.toThrow(/model\.safetensors: expected \d+ bytes, found no file; restore /);
    writeFileSync(join(folder, "model.safetensors"), whole);
    rmSync(join(folder, "checksums.json"));
    disposeTensors((await loadModel(folder)).params);
  });

  it("is neither written nor read with weights that are not finite", async () => {
    const { params } = await loadModel(fixture("masked"));
    const [name] = Object.keys(params);
    const spoilt = { ...params, [name!]: mul(params[name!]!, Number.NaN) };
    await expect(saved(spoilt)).rejects.toThrow(/expected finite weights, got NaN in /);
    const folder = await saved();
    rmSync(join(folder, "checksums.json"));
    await writeSafetensors(join(folder, "model.safetensors"), entriesOf(spoilt));
    await expect(loadModel(folder)).rejects.toThrow(
      /model\.safetensors: expected finite weights, got NaN in .*; its training diverged: train again/,
    );
    disposeTensors(spoilt);
    params[name!]!.dispose();
  });
});
