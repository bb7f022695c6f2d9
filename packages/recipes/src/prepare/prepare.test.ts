import { cpSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Interrupted, type StageProgress } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type Corpus, digests, documents, prepared, setUp } from "../testing/prepared.testing.ts";
import { quiet } from "../testing/tiny.testing.ts";
import { prepare } from "./prepare.ts";

it.each([
  [
    100_000,
    /^tokenizer\.vocabSize: expected at most [\d,]+, all that the text gives, got 100000; read more text, or set tokenizer\.vocabSize=\d+$/,
  ],
  [64, /^tokenizer\.vocabSize: expected at least \d+ \(7 special tokens and .*\), got 64; raise it$/],
])("says what a recipe can change where a text cannot give %i entries", async (vocabSize, message) => {
  const characters = Array.from({ length: 90 }, (_, i) => String.fromCodePoint(0x3b1 + i)).join(" ");
  const { recipe, data } = setUp({}, [...documents, ...documents.map((_, n) => `${characters} ${n}`)]);
  const sized = { ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize } };
  await expect(prepared(sized, data)).rejects.toThrow(message);
});

it("stops where it is asked to and goes on to the same bytes, without a second look at the sources", async () => {
  const undisturbed = setUp({ shuffle: true, exactDuplicates: true, maxTokensPerCharacter: 0.9 });
  const whole = digests((await prepared(undisturbed.recipe, undisturbed.data)).folder);
  expect(Object.keys(whole)).toEqual([
    "/held-out-texts.json",
    "/held-out/manifest.json",
    "/held-out/shard-00000.bin",
    "/sources.json",
    "/tokenizer.json",
    "/training/manifest.json",
    "/training/shard-00000.bin",
  ]);

  const { recipe, path } = undisturbed;
  const data = join(undisturbed.root, "stopped");
  const seen = new Set<string>();
  for (let stops = 0; ; stops++) {
    const controller = new AbortController();
    const onProgress = ({ stage }: StageProgress) => {
      if (seen.has(stage)) return;
      seen.add(stage);
      // The texts are on this disk now: what follows must not need the source.
      if (stage.startsWith("packing")) rmSync(path, { force: true });
      controller.abort();
    };
    try {
      const { folder } = await prepared(recipe, data, { ...quiet, onProgress, signal: controller.signal });
      expect(stops).toBeGreaterThan(3);
      expect(digests(folder)).toEqual(whole);
      return;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
    }
  }
});

it("is done once, and again from the beginning where only a tokenizer is left", async () => {
  const { recipe, data, path } = setUp();
  const { folder } = await prepared(recipe, data);
  const whole = digests(folder);
  for (const part of ["training", "held-out"]) rmSync(join(folder, part), { recursive: true });
  await prepared(recipe, data);
  expect(digests(folder)).toEqual(whole);
  rmSync(path);
  await prepared(recipe, data);
  expect(digests(folder)).toEqual(whole);
});

it("says that rows are reused, and asks where their text has changed", async () => {
  const { recipe, data, path, root } = setUp();
  const said: string[] = [];
  const asking = (preparedData?: "fresh" | "reuse") =>
    prepared(recipe, data, { ...quiet, say: (line: string) => said.push(line), preparedData });
  const first = await asking();
  expect(said.splice(0)).toEqual([expect.stringContaining("deleted by normalisation")]);
  await asking();
  expect(said.pop()).toMatch(/: rows of \d+ seconds ago reused$/);
  utimesSync(path, 1, 1); // the same text with another time
  await asking();
  expect(said.pop()).toMatch(/ reused$/);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, `${text}${JSON.stringify({ text: documents.slice(0, 90).join(" ") })}\n`);
  const whole = digests(first.folder);
  await expect(asking()).rejects.toThrow(
    /the text has changed since its rows were prepared \d+ seconds ago: .*text\.jsonl has changed; prepare it again with --fresh, or train on the rows of before with --reuse$/,
  );
  expect(digests(first.folder)).toEqual(whole);
  expect((await asking("reuse")).rows).toBe(first.rows);
  expect(said.pop()).toMatch(/ reused, though the text has changed since: .*text\.jsonl has changed$/);
  expect((await asking("fresh")).rows).toBeGreaterThan(first.rows);
  expect(said.splice(0).join("\n")).toMatch(/removed what was prepared before, as --fresh asks for$/m);
  await asking();
  rmSync(path);
  await asking();
  expect(said.pop()).toMatch(/ reused, for the text is gone \(.*text\.jsonl\) and cannot be read again$/);
  await expect(asking("fresh")).rejects.toThrow(/expected a file or folder of text, got .*text\.jsonl/);

  const folder = join(root, "folder");
  mkdirSync(folder);
  for (const part of ["a", "b"]) writeFileSync(join(folder, `${part}.jsonl`), text);
  const several: Recipe = { ...recipe, corpus: { ...recipe.corpus, sources: [{ kind: "files", path: folder }] } };
  await prepared(several, data);
  rmSync(join(folder, "b.jsonl"));
  writeFileSync(join(folder, "c.jsonl"), text);
  await expect(prepared(several, data)).rejects.toThrow(/c\.jsonl is new, .*b\.jsonl is gone; prepare it again/);
});

it("begins anew what was begun with other text", async () => {
  const { recipe, data, path } = setUp();
  const controller = new AbortController();
  const onProgress = ({ stage }: StageProgress) => stage.startsWith("packing") && controller.abort();
  await expect(prepared(recipe, data, { ...quiet, onProgress, signal: controller.signal })).rejects.toThrow(
    Interrupted,
  );
  writeFileSync(path, readFileSync(path, "utf8").split("\n").slice(0, 140).join("\n"));
  const said: string[] = [];
  const { report } = await prepared(recipe, data, { ...quiet, say: (line: string) => said.push(line) });
  expect(said.slice(0, 1)).toEqual([
    expect.stringMatching(/text\.jsonl has changed\): preparing it from the beginning$/),
  ]);
  expect(report.documents).toBe(140);
});

it("refuses a flipped bit in every file that a run reads, and a manifest of another recipe", async () => {
  const { recipe, data } = setUp();
  const { folder } = await prepared(recipe, data);
  for (const file of ["tokenizer.json", "held-out-texts.json", "training/manifest.json", "held-out/manifest.json"]) {
    const path = join(folder, file);
    const bytes = readFileSync(path);
    for (let flip = 0; flip < 30; flip++) {
      const damaged = Buffer.from(bytes);
      damaged[Math.floor((flip * bytes.length) / 30)]! ^= 1 << (flip % 8);
      writeFileSync(path, damaged);
      // White space of a manifest may change: what it says is the same.
      const outcome = await prepared(recipe, data).then(
        () =>
          JSON.stringify(JSON.parse(damaged.toString("utf8"))) === JSON.stringify(JSON.parse(bytes.toString("utf8"))),
        (error) => /SHA-256|digest|manifest|version|format|JSON|bytes|rows|checksum/i.test(error.message),
      );
      expect([file, flip, outcome]).toEqual([file, flip, true]);
    }
    writeFileSync(path, bytes);
  }
  const manifest = join(folder, "training", "manifest.json");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, halved(text));
  await expect(prepared(recipe, data)).rejects.toThrow(/manifest\.json: expected the digest \w+ of its content, got/);
  writeFileSync(manifest, text);
  await prepared(recipe, data);
  const other = await prepared({ ...recipe, rows: { ...recipe.rows, seqLength: 16 } }, data);
  rmSync(join(folder, "training"), { recursive: true });
  cpSync(join(other.folder, "training"), join(folder, "training"), { recursive: true });
  await expect(prepared(recipe, data)).rejects.toThrow(/expected rows of this recipe, got those of another; prepare/);
});

/** A manifest that was changed by hand to rows of half the length, with nothing left that contradicts. */
const halved = (text: string): string => {
  const manifest = JSON.parse(text);
  const double = (rows: number) => 2 * rows;
  return JSON.stringify({
    ...manifest,
    seqLength: manifest.seqLength / 2,
    rowCount: double(manifest.rowCount),
    rowsPerShard: double(manifest.rowsPerShard),
    rowsPerBlock: double(manifest.rowsPerBlock),
    shards: manifest.shards.map((shard: { rows: number }) => ({ ...shard, rows: double(shard.rows) })),
  });
};

it("does not name its folder after the number of threads", async () => {
  const { recipe, data } = setUp();
  const one = await prepared({ ...recipe, corpus: { ...recipe.corpus, threads: 1 } }, data);
  expect((await prepared({ ...recipe, corpus: { ...recipe.corpus, threads: 0 } }, data)).folder).toBe(one.folder);
  expect((await prepared({ ...recipe, corpus: { ...recipe.corpus, shuffle: false } }, data)).folder).not.toBe(
    one.folder,
  );
});

it("says where there is too little text", async () => {
  const few = setUp({}, documents.slice(0, 5));
  const little = { ...few.recipe, rows: { ...few.recipe.rows, seqLength: 512 } };
  for (let times = 0; times < 2; times++) {
    await expect(prepare(little, few.data, quiet)).rejects.toThrow(/documents hold \d+ tokens, less than one row/);
  }
  for (const [name, text] of [
    ["empty.txt", ""],
    ["blank.txt", " \n\n\u00a0\t\r\n "],
  ] as const) {
    const { recipe, root, data } = setUp();
    const path = join(root, name);
    writeFileSync(path, text);
    const corpus: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path }] };
    await expect(prepare({ ...recipe, corpus }, data, quiet)).rejects.toThrow(
      /the corpus is empty: read 1 document of .*; what is left holds nothing but space; name text to read/,
    );
  }
  const none = setUp({ minCharacters: 1e6 });
  await expect(prepare(none.recipe, none.data, quiet)).rejects.toThrow("the corpus is empty");
  const { recipe, root, data } = setUp();
  mkdirSync(join(root, "nothing"));
  const empty: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path: join(root, "nothing") }] };
  await expect(prepare({ ...recipe, corpus: empty }, data, quiet)).rejects.toThrow(
    /expected files named .*, got none in/,
  );
});

it("removes no rows for --fresh whose text is gone", async () => {
  const { recipe, root, data } = setUp();
  const folder = join(root, "text");
  mkdirSync(folder);
  const path = join(folder, "a.jsonl");
  writeFileSync(path, documents.map((text) => JSON.stringify({ text })).join("\n"));
  for (const source of [path, folder]) {
    writeFileSync(path, documents.map((text) => JSON.stringify({ text })).join("\n"));
    const corpus: Corpus = { ...recipe.corpus, sources: [{ kind: "files", path: source }] };
    const { folder: rows } = await prepared({ ...recipe, corpus }, data);
    rmSync(path);
    const before = digests(rows);
    const fresh = prepare({ ...recipe, corpus }, data, { ...quiet, preparedData: "fresh" });
    await expect(fresh).rejects.toThrow(/does not exist|got none in/);
    expect(digests(rows)).toEqual(before);
  }
});
