import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { Recipe, SourceSpec } from "../recipe/recipe.ts";
import { type Corpus, digests, documents, prepared, setUp, words } from "../testing/prepared.testing.ts";
import { quiet, sentences } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

it("holds passages out of one document, and says so", async () => {
  const { recipe, root, data } = setUp();
  const path = join(root, "book.txt");
  writeFileSync(path, words.join(" "));
  const said: string[] = [];
  const corpus: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path }] };
  const context = { ...quiet, say: (line: string) => said.push(line) };
  const { heldOutRows, rows } = await prepared({ ...recipe, corpus }, data, context);
  expect(said.slice(0, 1)).toEqual([
    "one document: cut into passages of about 4,000 characters, so that some can be held out; set unit for other documents",
  ]);
  expect(heldOutRows).toBeGreaterThan(0);
  expect(rows).toBeGreaterThan(heldOutRows);
});

it("reads a large text file in passages, whatever its lines are", async () => {
  const { recipe, root, data } = setUp({ maxDocuments: 150 });
  const path = join(root, "large.txt");
  writeFileSync(path, `${words.join(" ")} `.repeat(Math.ceil((17 << 20) / words.join(" ").length)));
  const said: string[] = [];
  const corpus: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path }] };
  const context = { ...quiet, say: (line: string) => said.push(line) };
  const { report } = await prepared({ ...recipe, corpus }, data, context);
  expect(said.slice(0, 1)).toEqual([
    expect.stringMatching(/large\.txt: \d+ MB of text in one file are read in passages of about 4,000/),
  ]);
  expect(report).toMatchObject({ documents: 150 });
});

it("reads tables, encodings and chosen records as their settings say, joins documents and caps their tokens", async () => {
  const { recipe, root, data } = setUp();
  const path = join(root, "table.csv");
  const rows = documents.map((text, n) => `${n % 2 ? "en" : "de"};'${text.replaceAll("'", "''")} caf\u00e9'`);
  writeFileSync(path, Buffer.from(`language;body\n${rows.join("\n")}\n`, "latin1"));
  const source: SourceSpec = { kind: "files", path, field: "body", delimiter: ";", quote: "'", encoding: "latin1" };
  const only = { ...source, where: { language: "en" } };
  const one = await prepared({ ...recipe, corpus: { ...recipe.corpus, sources: [only] } }, data);
  expect(one.report.sources[0]).toMatchObject({ documents: 80, read: { unwanted: 80, badRecords: 0 } });
  const joined: Corpus = { ...recipe.corpus, sources: [source], joinSuccessive: 4, maxTokens: 64 };
  const four = await prepare({ ...recipe, corpus: joined, rows: { ...recipe.rows, order: "as-is" } }, data, quiet);
  expect(four.report.documents).toBe(40);
  const separator = four.tokenizer.tokenToId("<sep>")!;
  const row = new Int32Array(recipe.rows.seqLength * four.training.rowCount);
  four.training.readRows(
    Array.from({ length: four.training.rowCount }, (_, n) => n),
    row,
  );
  let length = 0;
  for (const id of row) {
    length++;
    expect(length).toBeLessThanOrEqual(64);
    if (id === separator) length = 0;
  }
  four.close();
});

const good = documents.map((text) => JSON.stringify({ text })).join("\n");
const damaged: [string, string | Buffer, RegExp][] = [
  [
    "cut.jsonl.gz",
    gzipSync(good).subarray(0, 1500),
    /cut\.jsonl\.gz, at or before byte 1500: the gzip data is damaged/,
  ],
  [
    "cut.jsonl.zst",
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x60, 9]),
    /cut\.jsonl\.zst, at or before byte 7: the zstd/,
  ],
  ["cut.parquet", `PAR1${good.slice(0, 900)}`, /cut\.parquet, byte 904: no readable Parquet footer/],
];

it.each(damaged)("names a damaged %s, or keeps what can be read of it and goes on", async (name, content, message) => {
  const { recipe, root, data, path } = setUp();
  const broken = join(root, name);
  writeFileSync(broken, content);
  const sources: Corpus["sources"] = [{ kind: "files", path: [broken, path] }];
  const withBroken = (onBrokenFile: "stop" | "skip"): Recipe => ({
    ...recipe,
    corpus: { ...recipe.corpus, sources, onBrokenFile },
  });
  await expect(prepare(withBroken("stop"), data, quiet)).rejects.toThrow(message);
  const { report } = await prepared(withBroken("skip"), data);
  expect(report.sources[0]!.read).toMatchObject({ brokenFiles: 1, files: 2 });
  expect(report.sources[0]!.read!.examples).toMatchObject([{ file: broken }]);
  expect(report.sources[0]!.documents).toBeGreaterThanOrEqual(documents.length);
});

it("skips bad records up to the stated share, also when it shuffles, and names the line beyond it", async () => {
  for (const shuffle of [false, true]) {
    const { recipe, data, path } = setUp({ shuffle });
    const bad = Buffer.from('{"text": "cut off\n{"other": 1}\n{"text": "\xff"}\n', "latin1");
    writeFileSync(path, Buffer.concat([bad, readFileSync(path)]));
    const allowing = (maxBadShare: number): Recipe => ({ ...recipe, corpus: { ...recipe.corpus, maxBadShare } });
    await expect(prepare(allowing(0.01), data, quiet)).rejects.toThrow(
      /text\.jsonl, line 3: invalid UTF-8 .*; 3 of \d+ records are bad, more than the allowed share of 0\.01/,
    );
    const { report } = await prepared(allowing(0.05), data);
    expect(report.sources[0]!.read).toMatchObject({ badRecords: 3, documents: documents.length });
    expect(report.sources[0]!.read!.examples.map(({ place }) => place)).toEqual(["line 1", "line 2", "line 3"]);
  }
});

it("names the byte of a flipped bit, and refuses a manifest of a newer version, without touching either", async () => {
  const { recipe, data } = setUp();
  const { folder } = await prepared(recipe, data);
  const whole = digests(folder);
  const manifest = join(folder, "training", "manifest.json");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace('"version": 2', '"version": 99'));
  await expect(prepare(recipe, data, quiet)).rejects.toThrow(
    /manifest\.json: expected a manifest of version 2 or older, got version 99/,
  );
  writeFileSync(manifest, text);
  expect(digests(folder)).toEqual(whole);
  const shard = openSync(join(folder, "training", "shard-00000.bin"), "r+");
  const [byte] = readFileSync(join(folder, "training", "shard-00000.bin")).subarray(100, 101);
  writeSync(shard, Uint8Array.of(byte! ^ 4), 0, 1, 100);
  closeSync(shard);
  const { training, close } = await prepare(recipe, data, quiet);
  expect(() => training.readRows([3], new Int32Array(32))).toThrow(
    /shard-00000\.bin: .*bit 2 of the byte at offset 100/,
  );
  close();
});

it("cleans, filters and decontaminates as the recipe says, and counts each", async () => {
  const asked = Array.from({ length: 14 }, (_, n) => "abcdefghijklmn".slice(n).concat("o")).join(" ");
  const { recipe, root, data } = setUp({ minCharacters: 50, maxCharacters: 5000, cleaning: "basic" }, [
    ...documents,
    "short",
    `Before. ${asked}! And after, ${documents[1]}`,
    `tw\u0301o  spaces\u200b ${documents[0]}`,
    "x".repeat(6000),
    "qjx zvk ".repeat(20),
  ]);
  const evaluation = join(root, "evaluation.tsv");
  writeFileSync(evaluation, `label\tsentence\n1\t${asked.toUpperCase()}\n`);
  const tokenizerSource = await prepared(recipe, data);
  const corpus: Corpus = {
    ...recipe.corpus,
    decontamination: { sources: [{ kind: "files", path: evaluation, field: "sentence" }], words: 13 },
    maxTokensPerCharacter: 0.6,
    compressionTokenizer: join(tokenizerSource.folder, "tokenizer.json"),
  };
  const { report } = await prepared({ ...recipe, corpus }, data);
  const dropped = Object.fromEntries(report.filters.map(({ filter, dropped }) => [filter, dropped.documents]));
  expect(dropped).toEqual({
    cleaning: 0,
    "length of 50 to 5000 characters": 2,
    "13 words in a row of an evaluation set": 1,
    "compressibility below 0.6 tokens a character": 1,
  });
  expect(report.filters[0]!.changed.documents).toBe(1);
});

it("mixes sources by weight, and stops with the first that ends where it shall", async () => {
  const { recipe, root, data, path } = setUp();
  const other = join(root, "other.txt");
  writeFileSync(other, sentences(40).join("\n"));
  const sources: SourceSpec[] = [
    { kind: "files", path, weight: 3 },
    { kind: "files", path: other, unit: "line", weight: 1 },
  ];
  const { report } = await prepared({ ...recipe, corpus: { ...recipe.corpus, sources, whenSourceEnds: "stop" } }, data);
  const [first, second] = report.sources.map(({ characters }) => characters);
  expect(first! / second!).toBeGreaterThan(2.5);
  expect(first! / second!).toBeLessThan(3.5);
});

it("reads a dataset of the hub with the token of the environment", async () => {
  const content = Buffer.from(good);
  let oid = "o1";
  const server = createServer((request, response) => {
    if (request.headers.authorization !== "Bearer hf_test") return void response.writeHead(401).end();
    if (request.url?.startsWith("/api/datasets/o/set/tree/main")) {
      response.setHeader("content-type", "application/json");
      return void response.end(JSON.stringify([{ type: "file", path: "a.jsonl", size: content.length, oid }]));
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const body = from === undefined ? content : content.subarray(Number(from), Number(to) + 1);
    const range = from === undefined ? {} : { "content-range": `bytes ${from}-${to}/${content.length}` };
    response.writeHead(from === undefined ? 200 : 206, { etag: '"e1"', "content-length": body.length, ...range });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hubUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { recipe, root, data } = setUp({ sources: [{ kind: "hub", uri: "hf://datasets/o/set" }] });
  const { HOME, HF_TOKEN, HF_ENDPOINT } = process.env;
  try {
    process.env.HOME = root; // where the cache goes
    process.env.HF_ENDPOINT = hubUrl; // a token goes there, and not to an address that a recipe names
    delete process.env.HF_TOKEN;
    await expect(prepare(recipe, data, quiet)).rejects.toThrow(/no access to hf:\/\/datasets\/o\/set.*token/);
    process.env.HF_TOKEN = "hf_test";
    const { report } = await prepared(recipe, data);
    expect(report.sources).toMatchObject([{ name: "hf://datasets/o/set", documents: documents.length }]);
    oid = "o2";
    await expect(prepare(recipe, data, quiet)).rejects.toThrow(
      /has changed since.*hf:\/\/datasets\/o\/set: a\.jsonl has changed;/,
    );
    const said: string[] = [];
    server.close();
    server.closeAllConnections();
    await prepared(recipe, data, { ...quiet, say: (line) => said.push(line) }); // rows are of use without a network
    expect(said.join()).toMatch(/reused; the hub could not be asked/);
  } finally {
    Object.assign(process.env, { HOME, HF_TOKEN, HF_ENDPOINT });
    if (HF_TOKEN === undefined) delete process.env.HF_TOKEN;
    if (HF_ENDPOINT === undefined) delete process.env.HF_ENDPOINT;
    server.close();
  }
});
