import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { type Started, smallRun, startCramkit } from "./command-line.testing.ts";
import { emptyFoldersIn, expectHeard, interruptedOnce, partialsIn } from "./interrupt.testing.ts";

// Ctrl-C is heard within two seconds by what comes after training, which leaves no half of a file behind.

let cwd: string;
const at = (...names: string[]) => join(cwd, ...names);
const said =
  (pattern: RegExp) =>
  ({ error }: Started) =>
    pattern.test(error());

/** Documents of a line, in which no sentence comes twice. */
const variedText = (documents: number): string => {
  let state = 1;
  const draw = (limit: number) => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8) % limit;
  const words =
    "the cat dog house sat walked under over with a small green old river and bread stone was seen by".split(" ");
  const sentence = () => {
    const said = Array.from({ length: 8 + draw(6) }, () => words[draw(words.length)]).join(" ");
    return `${said[0]!.toUpperCase()}${said.slice(1)}.`;
  };
  return Array.from({ length: documents }, () => Array.from({ length: 6 }, sentence).join(" ")).join("\n");
};

beforeAll(async () => {
  cwd = smallRun(2);
  const recipe = JSON.parse(readFileSync(at("recipe.json"), "utf8"));
  const wide = { ...recipe.model, hidden: 512, layers: 8, heads: 8, intermediate: 2048 };
  writeFileSync(at("wide.json"), JSON.stringify({ ...recipe, model: wide }));
  const probes = { trials: 5, examples: 4000, epochs: 5, learningRate: 1e-3 };
  const corpus = { ...recipe.corpus, sources: [{ kind: "files", path: "probes.txt", unit: "line" }] };
  const tokenizer = { model: "WordPiece", vocabSize: 80 };
  writeFileSync(
    at("probes.json"),
    JSON.stringify({ ...recipe, corpus, tokenizer, evaluation: { ...recipe.evaluation, probes } }),
  );
  writeFileSync(at("probes.txt"), variedText(2000));
  const evaluation = { ...recipe.evaluation, heldOut: 0.9, rows: 100_000 };
  const model = { ...recipe.model, hidden: 256, intermediate: 1024 };
  writeFileSync(at("evaluated.json"), JSON.stringify({ ...recipe, model, evaluation }));
  const line = (n: number) => `line ${n % 97} says that cat ${n % 13} sat on mat ${n % 7}`;
  writeFileSync(
    at("train.csv"),
    `text,label\n${Array.from({ length: 4000 }, (_, n) => `${line(n)},${n % 2}`).join("\n")}\n`,
  );
  mkdirSync(at("glue", "SST-2"), { recursive: true });
  for (const [name, rows] of Object.entries({ train: 4000, dev: 200 }))
    writeFileSync(
      at("glue", "SST-2", `${name}.tsv`),
      `sentence\tlabel\n${Array.from({ length: rows }, (_, n) => `${line(n)}\t${n % 2}`).join("\n")}\n`,
    );
  for (const recipe of ["recipe.json", "wide.json"]) {
    const { code, error } = await startCramkit(["pretrain", recipe, "--dir", recipe.slice(0, -5), "--data", "data"], {
      cwd,
    }).ended;
    expect(error + code).toMatch(/0$/);
  }
}, 600_000);

const wide = ["--run", "wide"];
it.each<[stage: string, args: readonly string[], begun: (started: Started) => boolean, says: RegExp]>([
  ["evaluating", ["run", "evaluated.json", "--data", "held", "--dir", "evaluated"], said(/evaluating:/), /kept/],
  ["probing", ["run", "probes.json", "--data", "varied", "--dir", "probed"], said(/probe .*trial 1/), /kept/],
  ["finetuning", ["finetune", "wide", "--train", "train.csv", "--out", "tuned"], said(/epoch 1: training/), /kept/],
  ["trying GLUE", ["glue", ...wide, "--tasks", "sst2", "--backend", "cpu"], said(/sst.*trial 1/i), /kept/],
  ["evaluating a text", ["evaluate", "wide", "--text", "probes.txt"], said(/evaluating:/), /stopped/],
  [
    "embedding",
    ["embed", "wide", "--data", "train.csv", "--out", "vectors.safetensors"],
    said(/embedding:/),
    /stopped/,
  ],
  ["exporting graphs", ["export", "wide", "--to", "onnx", "--out", "graphs"], () => existsSync(at("graphs")), /kept/],
  ["exporting weights", ["export", "wide", "--to", "hf", "--out", "weights"], () => existsSync(at("weights")), /kept/],
] as const)("hears Ctrl-C within two seconds while %s", { timeout: 300_000 }, async (_, args, begun, says) => {
  const started = startCramkit(args, { cwd });
  const heard = await interruptedOnce(started, () => begun(started));
  expectHeard(heard, args);
  expect(heard.error).toMatch(says);
  expect(partialsIn(cwd)).toEqual([]);
  expect(emptyFoldersIn(cwd)).toEqual([]);
});

it("exports whole files alone, however early it is stopped", { timeout: 600_000 }, async () => {
  for (const milliseconds of [20, 100, 300]) {
    const out = `early-${milliseconds}`;
    const started = startCramkit(["export", "wide", "--to", "onnx", "--out", out], { cwd });
    let since: number | undefined;
    const heard = await interruptedOnce(started, () => {
      if (existsSync(at(out))) since ??= performance.now();
      return since !== undefined && performance.now() - since > milliseconds;
    });
    expect([0, 130]).toContain(heard.code);
    expect(emptyFoldersIn(cwd)).toEqual([]);
    expect(partialsIn(cwd)).toEqual([]);
  }
});
