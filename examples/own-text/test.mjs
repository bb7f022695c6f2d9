// All steps with a budget of 60 steps: does it run, and does the model predict better than word frequencies?
import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { readFileSync } from "node:fs";

const run = (command) => execSync(command, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

run("node sample.mjs");
run(
  'cramkit run quickstart --text text --dir run --data prepared --budget "60 steps" --set tokenizer.vocabSize=1024 --set model.hidden=64 --set model.intermediate=128 --set rows.seqLength=64 --set evaluation.probes.trials=0 --set evaluation.rows=32',
);
const { trained, untrained } = JSON.parse(readFileSync("run/masked-tokens.json", "utf8"));
assert(trained.loss < untrained.loss, `expected training to help, got ${trained.loss} and ${untrained.loss}`);
const guesses = run('cramkit fill-mask "She was very [MASK] to see him." --run run');
assert.equal(guesses.match(/^ *[\d.]+ % /gm)?.length, 5, guesses);
console.log(guesses);
