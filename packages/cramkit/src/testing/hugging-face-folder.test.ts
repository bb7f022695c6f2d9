import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runHere as cramkit } from "./in-process.testing.ts";

// A BERT as transformers keeps it, in one file and in shards, through every command that takes a model.

const root = mkdtempSync(join(tmpdir(), "cramkit-hugging-face-"));
const [whole, sharded] = [join(root, "whole"), join(root, "sharded")];
const rows = Array.from(
  { length: 96 },
  (_, i) =>
    [
      `${["Some", "Every", "No"][i % 3]} ${i % 2 ? "cat" : "dog"} that lives near town ${i % 97} sat on mat ${i % 7} today`,
      i % 2,
    ] as const,
);
const cpu = ["--backend", "cpu", "--threads", "1", "--products", "wasm"];
const bert = {
  ...{ normScheme: "post", position: "learned", finalNorm: false, rotary: false, activation: "gelu" },
  ...{ predictionHead: "transform", useBias: true, qkvBias: true, decoderBias: true },
};

/** Moves the weights of a folder into two shards with an index, as `save_pretrained` does with large ones. */
const shard = (folder: string): void => {
  const path = join(folder, "model.safetensors");
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...tensors } = JSON.parse(bytes.subarray(8, 8 + length).toString());
  const names = Object.keys(tensors);
  const map: Record<string, string> = {};
  for (const [index, part] of [names.slice(0, 3), names.slice(3)].entries()) {
    const file = `model-0000${index + 1}-of-00002.safetensors`;
    const header: Record<string, object> = {};
    const chunks: Buffer[] = [];
    let at = 0;
    for (const name of part) {
      const [from, to] = tensors[name].data_offsets;
      header[name] = { ...tensors[name], data_offsets: [at, at + to - from] };
      chunks.push(bytes.subarray(8 + length + from, 8 + length + to));
      at += to - from;
      map[name] = file;
    }
    const json = Buffer.from(JSON.stringify(header));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(join(folder, file), Buffer.concat([size, json, ...chunks]));
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: map }));
  rmSync(path);
};

beforeAll(async () => {
  writeFileSync(join(root, "text.txt"), rows.map(([text]) => text).join("\n"));
  writeFileSync(join(root, "train.csv"), ["text,label", ...rows.map((row) => row.join(","))].join("\n"));
  const glue = join(root, "glue", "SST-2");
  mkdirSync(glue, { recursive: true });
  const table = ["sentence\tlabel", ...rows.map((row) => row.join("\t"))].join("\n");
  for (const name of ["train.tsv", "dev.tsv"]) writeFileSync(join(glue, name), table);
  const settings = [
    ...["tokenizer.vocabSize=70", "corpus.threads=0", "corpus.exactDuplicates=false", "backend.threads=1"],
    ...["evaluation.probes.trials=0", ...Object.entries(bert).map(([name, value]) => `model.${name}=${value}`)],
  ].flatMap((setting) => ["--set", setting]);
  const from = ["--text", join(root, "text.txt"), "--unit", "line", "--dir", join(root, "run"), "--budget", "4 steps"];
  const { code, error } = await cramkit("pretrain", "smoke", ...from, "--backend", "cpu", ...settings);
  expect(code, error).toBe(0);
  for (const folder of [whole, sharded]) {
    const made = await cramkit("export", join(root, "run"), "--to", "hf", "--out", folder);
    expect(made.code, made.error).toBe(0);
  }
  expect(JSON.parse(readFileSync(join(whole, "config.json"), "utf8")).architectures).toEqual(["BertForMaskedLM"]);
  shard(sharded);
}, 120_000);
afterAll(() => rmSync(root, { recursive: true }));

/** What a command prints of a model, and the files that it writes into the folder in place of `OUT`. */
const outcome = async (model: string, args: readonly string[]) => {
  const place = mkdtempSync(join(root, "out-"));
  const words = args.map((word) => word.replace("MODEL", model).replace("OUT", place));
  const { code, out, error } = await cramkit(...words);
  expect(code, error).toBe(0);
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return { out, place, files: files.map(({ name }) => name).sort() };
};

const csv = join(root, "train.csv");
const finetune = ["finetune", "MODEL", "--train", csv, "--out", join("OUT", "tuned"), "--epochs", "2", ...cpu];
const commands: Record<string, readonly string[]> = {
  "fill-mask": ["fill-mask", "the [MASK] sat", "--run", "MODEL", "--top", "3", ...cpu],
  evaluate: [
    "evaluate",
    "MODEL",
    "--text",
    join(root, "text.txt"),
    "--unit",
    "line",
    "--seq-length",
    "8",
    "--json",
    ...cpu,
  ],
  embed: ["embed", "MODEL", "--data", csv, "--text", "text", "--out", join("OUT", "v.safetensors"), ...cpu],
  "export to hf": ["export", "MODEL", "--to", "hf", "--out", join("OUT", "e")],
  "export to onnx": ["export", "MODEL", "--to", "onnx", "--dtype", "fp32", "--out", join("OUT", "e")],
  glue: [
    ...[
      "glue",
      "--checkpoint",
      "MODEL",
      "--data",
      join(root, "glue"),
      "--tasks",
      "SST-2",
      "--results",
      join("OUT", "g"),
    ],
    ...["--trials", "1", "--epochs", "1", ...cpu],
  ],
  finetune,
};

describe.each(Object.entries(commands))("%s", (name, args) => {
  it("takes a folder in shards as it takes one in a file", { timeout: 60_000 }, async () => {
    const [one, other] = [await outcome(whole, args), await outcome(sharded, args)];
    expect(other.files).toEqual(one.files);
    // A speed and the folder's name are no part of the result.
    if (name !== "glue") expect(other.out.replaceAll(sharded, whole)).toBe(one.out.replaceAll(one.place, other.place));
  });
});

it("is what a run goes on from, also in shards", { timeout: 60_000 }, async () => {
  const args = ["pretrain", "smoke", "--text", join(root, "text.txt"), "--unit", "line", "--budget", "2 steps"];
  const settings = [
    `training.from=${sharded}`,
    "corpus.threads=0",
    "corpus.exactDuplicates=false",
    "evaluation.probes.trials=0",
  ];
  const set = settings.flatMap((setting) => ["--set", setting]);
  const { code, error } = await cramkit(...args, "--dir", join(root, "more"), "--backend", "cpu", ...set);
  expect(code, error).toBe(0);
  expect(error).toContain(`going on from ${sharded}: `);
});

it("is finetuned, predicts, and leaves for transformers and for ONNX", { timeout: 60_000 }, async () => {
  const { place } = await outcome(sharded, finetune);
  const tuned = join(place, "tuned");
  const report = join(place, "again.html");
  expect(await cramkit("report", tuned, "--out", report)).toMatchObject({ code: 0, out: `${report}\n` });
  expect(readFileSync(report, "utf8")).toBe(readFileSync(join(tuned, "report.html"), "utf8"));
  const predict = ["--data", csv, "--text", "text", ...cpu];
  const predicted = await cramkit("predict", tuned, ...predict);
  expect(predicted.code, predicted.error).toBe(0);
  expect(predicted.out.trim().split("\n")).toHaveLength(rows.length);
  const exported = join(place, "exported");
  for (const to of ["hf", "onnx"]) {
    const { code, error } = await cramkit("export", tuned, "--to", to, "--out", exported);
    expect(code, error).toBe(0);
  }
  const config = JSON.parse(readFileSync(join(exported, "config.json"), "utf8"));
  expect(config).toMatchObject({ model_type: "bert", architectures: ["BertForSequenceClassification"] });
  expect(config.id2label).toEqual({ 0: "0", 1: "1" });
  // What left is a model of its own, also in shards, and says the same.
  shard(exported);
  const again = await cramkit("predict", exported, ...predict);
  expect(again.code, again.error).toBe(0);
  expect(again.out).toBe(predicted.out);
});

it("is no run to report of, in one file or in shards, and says what measures it", async () => {
  for (const folder of [whole, sharded]) {
    const { code, error } = await cramkit("report", folder);
    expect(code).toBe(1);
    expect(error).toContain(
      `${folder}: expected the folder of a run, got a model without the run that trained it; name that run; ` +
        `\`cramkit evaluate ${folder} --text FILE\` measures the model alone`,
    );
  }
  writeFileSync(join(root, "short.txt"), "two words");
  const { error } = await cramkit("evaluate", sharded, "--text", join(root, "short.txt"), ...cpu);
  expect(error).toMatch(
    /short\.txt: expected at least the \d+ tokens of a row, got \d+; give more text, or a smaller --seq-length/,
  );
});
