import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCramkit } from "./command-line.testing.ts";
import { runHere as run } from "./in-process.testing.ts";

// From pairs in a CSV to what a search finds, in a folder with nothing else in it.

const cwd = mkdtempSync(join(tmpdir(), "cramkit-embed-"));
const topics = ["fox den", "oak leaf", "ship sail", "bread oven", "snow ski", "king crown"];
const words = topics.map((topic) => topic.split(" ") as [string, string]);
const pairs = Array.from({ length: 96 }, (_, i) => {
  const [asked, told] = words[i % 6]!;
  return {
    question: `where is the ${asked} of day ${i % 9}`,
    answer: `${["near", "by", "on"][i % 3]} a ${told} in ${i % 7}`,
  };
});

const before = process.cwd();
beforeAll(async () => {
  process.chdir(cwd);
  writeFileSync(join(cwd, "text.txt"), pairs.flatMap(({ question, answer }) => [question, answer]).join("\n"));
  const settings = [
    "tokenizer.vocabSize=80",
    "corpus.threads=0",
    "corpus.exactDuplicates=false",
    "backend.threads=1",
    "evaluation.probes.trials=0",
  ];
  const made = await run(
    ...["pretrain", "smoke", "--text", "text.txt", "--unit", "line", "--dir", "encoder", "--budget", "4 steps"],
    ...["--backend", "cpu", ...settings.flatMap((setting) => ["--set", setting])],
  );
  expect(made.code, made.error).toBe(0);
  const lines = pairs.map(({ question, answer }) => `${question},${answer}`);
  writeFileSync(join(cwd, "pairs.csv"), ["question,answer", ...lines].join("\n"));
  writeFileSync(join(cwd, "texts.txt"), "near a den in 4\n\nby a crown in 2\non a ski in 3\n");
  const rows = ["near a den in 4", "by a crown in 2", `on a ski in 3 ${"by a leaf ".repeat(20)}`];
  writeFileSync(join(cwd, "texts.csv"), ["name,body", ...rows.map((row, i) => `n${i},${row}`)].join("\n"));
  const { code, error } = await run(...train, "--out", "tuned");
  expect(code, error).toBe(0);
}, 120_000);
afterAll(() => {
  process.chdir(before);
  rmSync(cwd, { recursive: true });
});

const cpu = ["--backend", "cpu", "--threads", "1", "--products", "wasm"];
const train = ["finetune", "encoder", "--task", "embedding", "--train", "pairs.csv", "--text", "question"].concat([
  "--text-pair",
  "answer",
  "--epochs",
  "4",
  "--learning-rate",
  "0.01",
  "--batch-size",
  "16",
  "--dropout",
  "0",
  ...cpu,
]);

/** The command line in a process with this on its standard input. */
const given = (input: string, ...args: string[]) => startCramkit(args, { cwd, input }).ended;

it("leaves a model, its scores, a report, and the command for what comes next", () => {
  const result = JSON.parse(readFileSync(join(cwd, "tuned", "result.json"), "utf8"));
  expect(result.task).toEqual({ kind: "embedding", labels: [], pooling: "mean" });
  expect(result.evaluation.scores).toMatchObject({ mrr: expect.any(Number), recallAt10: expect.any(Number) });
  expect(readFileSync(join(cwd, "tuned", "report.html"), "utf8")).toContain("mrr, dev");
});

it("embeds texts of a .txt, and finds what belongs to a query", { timeout: 60_000 }, async () => {
  const made = await run("embed", "tuned", "--data", "texts.txt", "--out", "vectors.safetensors", ...cpu);
  expect(made.code, made.error).toBe(0);
  expect(made.error).toContain("vectors.safetensors: 3 vectors of 32 numbers");
  expect(made.out).toContain('cramkit search vectors.safetensors "a query"');
  const found = await run("search", "vectors.safetensors", "where is the king of day 2", "--top", "2");
  expect(found.code, found.error).toBe(0);
  expect(found.out.trim().split("\n")).toHaveLength(2);
  expect(found.out).toMatch(/^0\.\d{4} {2}by a crown in 2\n/);
});

it("finds the same by an approximate index, which it builds once", { timeout: 60_000 }, async () => {
  await run("embed", "tuned", "--data", "texts.txt", "--out", "near.safetensors", ...cpu);
  const search = ["search", "near.safetensors", "where is the king of day 2", "--json"];
  const [exact, built, kept] = [
    await run(...search),
    await run(...search, "--approximate"),
    await run(...search, "--approximate"),
  ];
  expect(built.error).toContain("building near.safetensors.approximate, once for these vectors");
  expect(kept.error).not.toContain("building");
  expect([built.out, kept.out]).toEqual([exact.out, exact.out]);
  await run("embed", "tuned", "--data", "texts.csv", "--text", "body", "--out", "near.safetensors", ...cpu);
  expect((await run(...search, "--approximate")).error).toContain("building near.safetensors.approximate");
  const other = await run(...search, "--approximate", "--model", "encoder");
  expect(other.error).toMatch(/expected the model that made these vectors/);
});

it("embeds a column with names, says how many texts were cut, and answers queries of standard input", {
  timeout: 60_000,
}, async () => {
  const args = [
    "embed",
    "tuned",
    "--data",
    "texts.csv",
    "--text",
    "body",
    "--id",
    "name",
    "--out",
    "named.safetensors",
  ];
  const made = await run(...args, ...cpu);
  expect(made.code, made.error).toBe(0);
  expect(made.error).toContain("1 of 3 texts have more than 32 tokens and were cut");
  const found = await given(
    "where is the fox of day 1\n\nwhere is the king\n",
    "search",
    "named.safetensors",
    "--top",
    "1",
    "--json",
  );
  expect(found.code, found.error).toBe(0);
  const lines = found.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.map(({ found: [first] }) => [first.id, first.text])).toEqual([
    ["n0", "near a den in 4"],
    ["n1", "by a crown in 2"],
  ]);
});

it("embeds standard input, with a model that was not finetuned, and says so", { timeout: 60_000 }, async () => {
  const made = await given("one fox\ntwo oak\n", "embed", "encoder", "--out", "plain.safetensors", ...cpu);
  expect(made.code, made.error).toBe(0);
  expect(made.error).toContain("encoder was not finetuned for embeddings");
  expect((await run("search", "plain.safetensors", "oak", "--top", "1")).out).toMatch(/\d {2}(one fox|two oak)\n$/);
});

it("finds a checkpoint again by its folder, and embeds alike with an export", { timeout: 60_000 }, async () => {
  const args = ["--data", "texts.txt", "--out", "checkpoint.safetensors", "--checkpoint", "2"];
  const made = await run("embed", "encoder", ...args, ...cpu);
  expect(made.code, made.error).toBe(0);
  const found = await run("search", "checkpoint.safetensors", "king", "--top", "1");
  expect(found.code, found.error).toBe(0);
  const exported = await run("export", "tuned", "--to", "hf", "--task", "feature-extraction", "--out", "exported");
  expect(exported.code, exported.error).toBe(0);
  await run("embed", "exported", "--data", "texts.txt", "--out", "again.safetensors", ...cpu);
  const answers = [];
  for (const index of ["vectors.safetensors", "again.safetensors"])
    answers.push((await run("search", index, "where is the king", "--json")).out);
  expect(answers[0]).toContain("by a crown in 2");
  expect(answers[1]).toBe(answers[0]);
});

describe("says what is wrong, with file and line:", () => {
  it.each<[string, string, string[], RegExp]>([
    [
      "an empty text",
      "text\na fox\n  \n",
      ["--data", "bad.csv"],
      /bad\.csv, line 3: expected a text, got an empty one/,
    ],
    [
      "a column that is not there",
      "body\na\n",
      ["--data", "bad.csv"],
      /bad\.csv, line 2: expected a column "text", got "body"; choose the text among them \(--text\)/,
    ],
    ["no text at all", "text\n", ["--data", "bad.csv"], /out\.safetensors: expected texts to embed, got none/],
    ["a column of standard input", "", ["--text", "body"], /--text: expected it with a file, got standard input/],
    [
      "a column of plain text",
      "",
      ["--data", "texts.txt", "--text", "a"],
      /expected text for a table, got texts\.txt, which has no columns/,
    ],
  ])("%s", async (_, content, args, message) => {
    writeFileSync(join(cwd, "bad.csv"), content);
    const { code, error } = await run("embed", "tuned", "--out", "out.safetensors", ...args, ...cpu);
    expect(error).toMatch(message);
    expect(code).toBe(1);
    expect(existsSync(join(cwd, "out.safetensors"))).toBe(false);
  });

  it("another model than that of the vectors, and one that is gone", { timeout: 60_000 }, async () => {
    const other = await run("search", "vectors.safetensors", "fox", "--model", "encoder");
    expect(other.error).toMatch(
      /vectors\.safetensors: expected the model that made these vectors \(SHA-256 \w{12}\), got encoder \(\w{12}\)/,
    );
    expect(other.code).toBe(1);
    renameSync(join(cwd, "tuned"), join(cwd, "moved"));
    const gone = await run("search", "vectors.safetensors", "fox");
    expect(gone.error).toMatch(
      /expected the model of these vectors in tuned, found none; say with --model where it is now/,
    );
    const told = await run("search", "vectors.safetensors", "fox", "--model", "moved");
    renameSync(join(cwd, "moved"), join(cwd, "tuned"));
    expect(told.code, told.error).toBe(0);
  });

  it("an empty query", async () => {
    const { code, error } = await run("search", "vectors.safetensors", " ");
    expect(error).toMatch(/^cramkit: query: expected a text to look for, got an empty one; give one, or leave it out/);
    expect(code).toBe(1);
  });

  it("files that hold no vectors, and models that predict or do not", { timeout: 60_000 }, async () => {
    const weights = await run("search", "encoder/model/model.safetensors", "fox");
    expect(weights.error).toMatch(
      /model\.safetensors: expected a file of vectors, got format .*; name the file that `cramkit embed` wrote/,
    );
    const text = await run("search", "pairs.csv", "fox");
    expect(text.error).toMatch(/pairs\.csv: expected a file of vectors, got /);
    const predicted = await run("predict", "tuned", "--data", "texts.txt");
    expect(predicted.error).toMatch(/got one that makes vectors of them; use embed/);
    for (const { code } of [weights, text, predicted]) expect(code).toBe(1);
  });
});
