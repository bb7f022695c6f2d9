import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode, init, inputsOf, type Params, predictTokens, preset } from "@cramkit/model";
import { crammingTokenizerOptions, trainTokenizer } from "@cramkit/tokenizer";
import { expect, it } from "vitest";
import { startCompute } from "./compute.ts";
import { exportModel } from "./export-model.ts";
import { loadModel, type SavedModel } from "./saved-model.ts";
import { sentences } from "./tiny.testing.ts";

/** A Python with torch and transformers in it; tried with transformers 5.12 and torch 2.14. */
const python = process.env.CRAMKIT_PYTHON ?? "python3";
const installed = spawnSync(python, ["-c", "import torch, transformers"]).status === 0;
if (!installed) console.warn(`no transformers in ${python}: skipped; set CRAMKIT_PYTHON to a Python that has it`);

const text = "The quick <mask> fox jumps over a lazy dog.";
const script = `
import json, sys, torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
folder, text = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model, loading = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
inputs = tokenizer(text, return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits.flatten().tolist()
print(json.dumps({"model": type(model).__name__, "mask": tokenizer.mask_token, "ids": inputs.input_ids[0].tolist(),
    "wrong": [str(key) for keys in loading.values() for key in keys], "logits": logits}))`;

it.skipIf(!installed)("exports a folder that transformers loads as it is, with the same ids and logits", async () => {
  const compute = await startCompute({ name: "cpu", precision: "float32", threads: 1 });
  const tokenizer = await trainTokenizer(sentences(300), crammingTokenizerOptions({ vocabSize: 90 }));
  const sizes = { vocabSize: tokenizer.vocabSize, layers: 2, hidden: 16, heads: 2, intermediate: 32, maxSeq: 32 };
  const config = preset("hf-bert-base", { ...sizes, init: { type: "normal", std: 0.3 } });
  const folder = mkdtempSync(join(tmpdir(), "transformers-"));
  await exportModel({ params: init(config, 1), config, tokenizer } satisfies SavedModel, "hf", folder);

  const theirs = JSON.parse(execFileSync(python, ["-c", script, folder, text], { encoding: "utf8" }));
  expect(theirs).toMatchObject({ model: "BertForMaskedLM", mask: "<mask>", wrong: [] });

  const saved = await loadModel(folder);
  const ids = Array.from(saved.tokenizer.encodeIds(text));
  expect(theirs.ids).toEqual(ids);
  const inputs = inputsOf({ batchSize: 1, seqLength: ids.length, inputIds: Int32Array.from(ids) });
  const params = saved.params as Params;
  const ours = await predictTokens(params, saved.config, encode(params, saved.config, inputs)).data();
  expect(theirs.logits).toHaveLength(ours.length);
  expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs.logits[i])))).toBeLessThan(1e-4);
  compute.dispose();
});
