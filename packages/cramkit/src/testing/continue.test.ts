import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { runHere as cramkit } from "./in-process.testing.ts";

const root = mkdtempSync(join(tmpdir(), "cramkit-"));
const text = (words: readonly string[], name: string): string => {
  const lines = Array.from(
    { length: 400 },
    (_, i) => `${words[i % 3]} ${i % 97} says that ${words[i % 2]} sat on mat ${i % 7}.`,
  );
  writeFileSync(join(root, name), lines.join("\n"));
  return join(root, name);
};

const small = ["tokenizer.vocabSize=100", "corpus.threads=0", "corpus.exactDuplicates=false", "backend.threads=1"];
const quick = [...small, "evaluation.probes.trials=0", "checkpoints.keep=9", "evaluation.every=0.4"];
const set = (...settings: string[]) => settings.flatMap((setting) => ["--set", setting]);
const [base, domain] = [join(root, "base"), join(root, "domain")];
const data = ["--data", join(root, "prepared"), "--backend", "cpu"];

beforeAll(async () => {
  const first = text(["cat", "dog", "cow"], "first.txt");
  const args = ["run", "smoke", "--text", first, "--unit", "line", "--dir", base, ...data];
  const { code, error: said } = await cramkit(...args, "--budget", "20 steps", ...set(...quick));
  expect(code, said).toBe(0);
}, 120_000);

it("goes on with other text, and shows what it went on from", { timeout: 120_000 }, async () => {
  const second = text(["catdog", "cowdog", "dogcow"], "second.txt");
  const args = ["run", "smoke", "--text", second, "--unit", "line", "--dir", domain, ...data, "--budget", "6 steps"];
  const add = ["rows.seqLength=16", `training.from=${base}`, 'tokenizer.add=["catdog"]', "masking.probability=0.4"];
  const { code, error: said } = await cramkit(...args, ...set(...quick.slice(1), ...add));
  expect(code, said).toBe(0);
  expect(said).toContain(`going on from ${base}: `);
  expect(JSON.parse(readFileSync(join(domain, "data.json"), "utf8")).origin).toMatchObject({ from: base });
  expect(readFileSync(join(domain, "report.html"), "utf8")).toContain(base);
  const guess = await cramkit("fill-mask", "catdog sat on <mask>", "--run", domain, "--top", "1");
  expect(guess.error).toBe("");
  expect(guess.out).toMatch(/%/);
  const resumed = await cramkit("resume", domain, "--set", "training.from=null");
  expect(resumed.error).toContain("a run that has begun keeps training.from (its first weights came from it)");
});

it.each([
  ["the run", []],
  ["its newest checkpoint", ["--checkpoint", "latest"]],
  ["its best checkpoint", ["--checkpoint", "best"]],
  ["its first checkpoint", ["--checkpoint", "0"]],
])("opens %s", async (_, choice) => {
  const filled = await cramkit("fill-mask", "cat sat on <mask>", "--run", base, "--top", "1", ...choice);
  expect(filled.code, filled.error).toBe(0);
  const out = mkdtempSync(join(tmpdir(), "export-"));
  const exported = await cramkit("export", base, "--to", "onnx", "--dtype", "fp32", "--out", out, ...choice);
  expect(exported.code, exported.error).toBe(0);
  expect(existsSync(join(out, "onnx", "model.onnx"))).toBe(true);
  rmSync(out, { recursive: true });
});

it("finetunes and scores a checkpoint of the run", { timeout: 120_000 }, async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i % 2 ? "cat" : "dog"} ${i % 7} sat on mat ${i % 5}`);
  writeFileSync(join(root, "rows.csv"), ["text,label", ...rows.map((row, i) => `${row},${i % 2}`)].join("\n"));
  const cpu = ["--backend", "cpu", "--threads", "1"];
  const digests = [];
  for (const checkpoint of ["0", "latest"]) {
    const out = join(root, `tuned-${checkpoint}`);
    const args = ["--train", join(root, "rows.csv"), "--out", out, "--epochs", "1", "--checkpoint", checkpoint];
    const { code, error: said } = await cramkit("finetune", base, ...args, ...cpu);
    expect(code, said).toBe(0);
    const { digest, ...request } = JSON.parse(readFileSync(join(out, "finetune.json"), "utf8"));
    expect(request.checkpoint).toBe(checkpoint === "0" ? 0 : checkpoint);
    digests.push(digest);
  }
  expect(digests[0]).not.toBe(digests[1]);
  mkdirSync(join(root, "glue", "SST-2"), { recursive: true });
  for (const name of ["train", "dev"])
    writeFileSync(
      join(root, "glue", "SST-2", `${name}.tsv`),
      `sentence\tlabel\n${rows.map((row, i) => `${row}\t${i % 2}\n`).join("")}`,
    );
  const small = ["--tasks", "SST-2", "--trials", "1", "--epochs", "1", "--no-untrained", "--json"];
  const args = [
    "--run",
    base,
    "--checkpoint",
    "0",
    "latest",
    "--data",
    join(root, "glue"),
    "--results",
    join(root, "r"),
  ];
  const { code, out, error: said } = await cramkit("glue", ...args, ...small, ...cpu);
  expect(code, said).toBe(0);
  expect(JSON.parse(out).models.map(({ name }: { name: string }) => name)).toEqual([
    expect.stringContaining("microbatch-0000000000"),
    expect.stringContaining("microbatch-0000000020"),
  ]);
});

it("exports a run whose recipe is of another version, without what the card would say of it", async () => {
  const old = join(root, "old");
  cpSync(join(base, "model"), join(old, "model"), { recursive: true });
  writeFileSync(join(old, "recipe.json"), '{ "name": "old", "training": { "stages": 3 } }');
  const out = join(root, "old-onnx");
  const { code, error: said } = await cramkit("export", old, "--to", "onnx", "--dtype", "fp32", "--out", out);
  expect(code, said).toBe(0);
  expect(said).toContain("the model card says nothing of the run: ");
  expect(existsSync(join(out, "onnx", "model.onnx"))).toBe(true);
});

it.each([
  [
    "a precision for hf",
    ["export", base, "--to", "hf", "--dtype", "q8", "--out", "x"],
    /--dtype: expected it with --to onnx/,
  ],
  ["offsets of a prediction", ["predict", base, "--offsets", "utf16"], /unknown option '--offsets'/],
  [
    "a column of standard input",
    ["predict", "nowhere", "--text", "a"],
    /--text: expected it with a file, got standard input/,
  ],
  [
    "a share beside a dev set",
    ["finetune", base, "--train", "a.csv", "--dev", "b.csv", "--dev-share", "0.2", "--out", "x"],
    /'--dev-share <share>' cannot be used with option '--dev <data>'/,
  ],
])("refuses what would change nothing: %s", async (_, args, message) => {
  const { code, error: said } = await cramkit(...args);
  expect(said).toMatch(message);
  expect(code).not.toBe(0);
});

it("opens a checkpoint and a model by their folders, and reports their run", async () => {
  for (const folder of [join(base, "checkpoints", "microbatch-0000000000"), join(base, "model"), `${base}/model/`]) {
    const { code, error: said } = await cramkit("fill-mask", "cat sat on <mask>", "--run", folder);
    expect(code, said).toBe(0);
    rmSync(join(base, "report.html"));
    expect((await cramkit("report", folder)).code).toBe(0);
    expect(existsSync(join(base, "report.html"))).toBe(true);
  }
});

it.each([
  [
    ["--checkpoint", "77"],
    /expected checkpoint 77, got those of microbatches 20, 16 \(measured\), 8 \(measured\), 0; take one of these/,
  ],
  [["--checkpoint", "newest"], /expected latest, best, or the number of a microbatch/],
])("says which checkpoints there are: %j", async (choice, message) => {
  const { code, error: said } = await cramkit("fill-mask", "cat", "--run", base, ...choice);
  expect(code).toBe(1);
  expect(said).toMatch(message);
});

it("measures a model on any text, the same each time, better than on text that it never saw the like of", async () => {
  const known = text(["cat", "dog", "cow"], "again.txt");
  const other = text(["xylem", "quartz", "jumping vixens"], "other.txt");
  const score = async (...args: string[]) => {
    const {
      code,
      out,
      error: said,
    } = await cramkit("evaluate", ...args, "--unit", "line", "--backend", "cpu", "--json");
    expect(code, said).toBe(0);
    return JSON.parse(out);
  };
  const first = await score(base, "--text", known);
  expect(first).toEqual(await score(base, "--text", known));
  expect(first).toMatchObject({ documents: 400, seqLength: 32, maskedShare: 0.15, seed: 0 });
  expect(first.perplexity).toBeCloseTo(Math.exp(first.loss), 10);
  expect(first.tokens).toBe(first.rows * 32);
  expect(first.positions).toBe(first.rows * Math.round(0.15 * 32));
  expect(first.loss).toBeLessThan((await score(base, "--text", known, "--checkpoint", "0")).loss);
  expect(first.loss).toBeLessThan((await score(base, "--text", other)).loss);
  expect((await score(base, "--text", known, "--seed", "1")).loss).not.toBe(first.loss);
});

it.each([
  ["a text that is not there", "nowhere.txt", [], /expected a file or folder of text, got .*nowhere.txt/],
  ["too little text", "short.txt", [], /expected at least the 32 tokens of a row, got \d+; give more text/],
  ["rows that are too long", "first.txt", ["--seq-length", "64"], /expected rows of 1 to 32 tokens, got 64/],
  ["no mask in a row", "first.txt", ["--masked-share", "0.001"], /expected a share that masks a token of the 32/],
])("says what is wrong with %s", async (_, name, args, message) => {
  writeFileSync(join(root, "short.txt"), "the cat sat");
  const { code, error: said } = await cramkit(
    "evaluate",
    base,
    "--text",
    join(root, name),
    "--backend",
    "cpu",
    ...args,
  );
  expect(code).toBe(1);
  expect(said).toMatch(message);
});
