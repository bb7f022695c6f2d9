// All steps with little training. What is found is by chance then; that it is found in the notes is not.
import assert from "node:assert/strict";
import { execSync } from "node:child_process";
import { existsSync } from "node:fs";

const run = (command) => execSync(command, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const small =
  "--set tokenizer.vocabSize=1024 --set model.hidden=64 --set model.intermediate=128 --set rows.seqLength=64 --set evaluation.rows=32";
run(`cramkit pretrain quickstart --dir encoder --data prepared --budget "60 steps" ${small}`);
run("node tables.mjs notes");
run(
  "cramkit finetune encoder --task embedding --train pairs.csv --text question --text-pair passage --dev-share 0.2 --epochs 2 --out embedder",
);
run("cramkit embed embedder --data passages.csv --text passage --id place --out index.safetensors");
const lines = run('cramkit search index.safetensors "my bike has a flat tyre" --top 3 --json').trim().split("\n");
const answer = JSON.stringify(lines);
const found = [...answer.matchAll(/([a-z-]+\.md): /g)].map(([, file]) => file);
assert.equal(found.length, 3, answer);
for (const file of found) assert(existsSync(`notes/${file}`), file);
console.log(found);
