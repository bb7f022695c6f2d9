// All steps with little training: does the page's model say what `cramkit predict` says?
import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { env, pipeline } from "@huggingface/transformers";

const run = (command) => execSync(command, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const small =
  "--set model.hidden=64 --set model.intermediate=128 --set rows.seqLength=64 --set evaluation.probes.trials=0 --set evaluation.rows=32 --set backend.products=wasm";
run(
  `cramkit pretrain quickstart --dir encoder --data prepared --budget "100 steps" --set tokenizer.vocabSize=1024 ${small}`,
);
run("cramkit finetune encoder --train labels.csv --out classifier --epochs 3 --learning-rate 2e-3 --backend cpu");
run("cramkit export classifier --to onnx --dtype q8 fp32 --out model");
run("node build.mjs");
for (const file of ["index.html", "model/onnx/model_quantized.onnx", "wasm"]) assert(existsSync(`site/${file}`), file);

run("cramkit predict classifier --data labels.csv --out predictions.jsonl --backend cpu");
const predictions = readFileSync("predictions.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
env.allowRemoteModels = false;
const classify = await pipeline("text-classification", "./model", { dtype: "fp32" });
for (const { text, label } of predictions.slice(0, 20)) assert.equal((await classify(text))[0].label, label, text);
console.log("transformers.js and cramkit predict agree on 20 messages");
