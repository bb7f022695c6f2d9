import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Tokenizer, tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { describe, expect, it } from "vitest";
import { fillMask } from "../model/fill-mask.ts";
import { loadModel } from "../model/saved-model.ts";
import { prepare } from "../prepare/prepare.ts";
import { checkRecipe } from "../recipe/check-recipe.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { studyTokenizer, trainingOptions } from "../recipe/tokenizer-options.ts";
import { runFiles } from "../run-record.ts";
import { quiet, tinyRun } from "../testing/tiny.testing.ts";
import { runRecipe } from "./run.ts";

/** Words of each language, in sentences of changing order. */
const texts = {
  German:
    "Die alte Stra\u00dfe f\u00fchrt \u00fcber die gro\u00dfe Br\u00fccke nach S\u00fcden und die L\u00f6wen schlafen m\u00fcde",
  Russian:
    "\u0412\u0441\u0435 \u043b\u044e\u0434\u0438 \u0440\u043e\u0436\u0434\u0430\u044e\u0442\u0441\u044f \u0441\u0432\u043e\u0431\u043e\u0434\u043d\u044b\u043c\u0438 \u0438 \u0440\u0430\u0432\u043d\u044b\u043c\u0438 \u0432 \u0441\u0432\u043e\u0451\u043c \u0434\u043e\u0441\u0442\u043e\u0438\u043d\u0441\u0442\u0432\u0435 \u0438 \u043f\u0440\u0430\u0432\u0430\u0445",
  Chinese:
    "\u4eba\u4eba\u751f\u800c\u81ea\u7531 \u5728\u5c0a\u4e25\u548c\u6743\u5229\u4e0a\u4e00\u5f8b\u5e73\u7b49 \u4ed6\u4eec\u8d4b\u6709\u7406\u6027\u548c\u826f\u5fc3 \u5e76\u5e94\u4ee5\u5144\u5f1f\u5173\u7cfb\u7684\u7cbe\u795e\u76f8\u5bf9\u5f85",
  Arabic:
    "\u064a\u0648\u0644\u062f \u062c\u0645\u064a\u0639 \u0627\u0644\u0646\u0627\u0633 \u0623\u062d\u0631\u0627\u0631\u0627 \u0645\u062a\u0633\u0627\u0648\u064a\u0646 \u0641\u064a \u0627\u0644\u0643\u0631\u0627\u0645\u0629 \u0648\u0627\u0644\u062d\u0642\u0648\u0642",
  emoji:
    "good \u{1f44d} work \u{1f468}\u200d\u{1f469}\u200d\u{1f467} so \u2764\ufe0f very \u{1f98a}\u{1f98a} nice \u{1f389}",
};

const documentsOf = (language: keyof typeof texts) => {
  const words = texts[language].split(" ");
  return Array.from({ length: 150 }, (_, n) =>
    Array.from({ length: 60 }, (_, i) => words[(n * 7 + i * (1 + (n % 3))) % words.length]).join(" "),
  );
};

const runOf = (language: keyof typeof texts, tokenizer: Partial<Recipe["tokenizer"]>) => {
  const { recipe, root } = tinyRun();
  const path = join(root, "documents.jsonl");
  writeFileSync(
    path,
    documentsOf(language)
      .map((text) => JSON.stringify({ text }))
      .join("\n"),
  );
  const changed: Recipe = {
    ...recipe,
    corpus: { ...recipe.corpus, sources: [{ kind: "files", path }] },
    tokenizer: { ...studyTokenizer("WordPiece", 64), text: "multilingual", ...tokenizer },
  };
  return { recipe: changed, root };
};

/** The recipe with as many entries as the text gives, at most `most`. */
const sized = async (recipe: Recipe, language: keyof typeof texts, most: number): Promise<Recipe> => {
  const options = trainingOptions({ ...recipe.tokenizer, vocabSize: most });
  const { vocabSize } = await trainTokenizer(documentsOf(language), { ...options, size: "trained" });
  return { ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize } };
};

describe("from text to fill-mask", () => {
  it.each([
    ["German", { model: "WordPiece", text: "cased" }, "Die alte [MASK] f\u00fchrt", "Stra\u00dfe"],
    [
      "Russian",
      { model: "WordPiece" },
      "\u0412\u0441\u0435 [MASK] \u0440\u043e\u0436\u0434\u0430\u044e\u0442\u0441\u044f",
      "\u0441\u0432\u043e\u0451\u043c",
    ],
    [
      "Russian",
      { model: "BPE" },
      "\u0412\u0441\u0435 [MASK] \u0440\u043e\u0436\u0434\u0430\u044e\u0442\u0441\u044f",
      "\u0441\u0432\u043e\u0451\u043c",
    ],
    [
      "Chinese",
      { model: "WordPieceBERT", specialTokens: "bert" },
      "\u4eba\u4eba[MASK]\u800c\u81ea\u7531",
      "\u6743\u5229",
    ],
    [
      "Arabic",
      { model: "SentencePieceUnigram" },
      "\u064a\u0648\u0644\u062f [MASK] \u0627\u0644\u0646\u0627\u0633",
      "\u0627\u0644\u0646\u0627\u0633",
    ],
    ["emoji", { model: "BPE" }, "good [MASK] work", "\u{1f98a}"],
  ] as const)("%s with %j", async (language, tokenizer, prompt, word) => {
    const { recipe, root } = runOf(language, tokenizer);
    const ready = await sized(recipe, language, 330);
    const folder = join(root, "run");
    const said: string[] = [];
    await runRecipe(
      ready,
      { folder, dataFolder: join(root, "prepared") },
      { ...quiet, say: (line) => said.push(line) },
    );
    expect(said.find((line) => line.includes("deleted by normalisation"))).toMatch(/^0\.0 % of [\d,]+ characters/);
    const model = await loadModel(runFiles(folder).model);
    const [guesses] = await fillMask(model, prompt);
    expect(guesses).toHaveLength(5);
    // What is written comes back: the text around the mask, and a word of the language.
    const around = prompt.split("[MASK]").map((part) => part.trim().replace(/ /g, ""));
    for (const { text } of guesses!) for (const part of around) expect(text.replace(/ /g, "")).toContain(part);
    const decoded = model.tokenizer.decode(model.tokenizer.encodeIds(word));
    expect(decoded.replace(/[ \u2581]/g, "")).toBe(word);
  });
});

describe("text that the tokenizer would lose", () => {
  it("is refused above a third, with the settings that keep it", async () => {
    const { recipe, root } = runOf("Russian", { text: "english", model: "BPE" });
    writeFileSync(join(root, "english.txt"), "abcdefghij klmnopqrst uvwxyz. ".repeat(100));
    const mixed: Recipe = {
      ...recipe,
      corpus: {
        ...recipe.corpus,
        sources: [...recipe.corpus.sources, { kind: "files", path: join(root, "english.txt") }],
      },
    };
    await expect(prepare(await sizedFor(mixed, root), join(root, "prepared"), quiet)).rejects.toThrow(
      /^tokenizer: expected a tokenizer that keeps the text, but \d\d\.\d % of [\d,]+ characters are deleted by normalisation, 0\.0 % are in unknown tokens; set tokenizer\.text=multilingual to keep every script, or tokenizer\.text=cased$/,
    );
  });

  it("is named, too, if what is left is too little for the vocabulary", async () => {
    const { recipe, root } = runOf("Russian", { text: "english", vocabSize: 1024 });
    await expect(prepare(recipe, join(root, "prepared"), quiet)).rejects.toThrow(/set tokenizer\.text=multilingual/);
  });

  it("is a warning above 1 %, and is kept in the manifest", async () => {
    const { recipe, root } = runOf("German", { text: "english" });
    const said: string[] = [];
    const ready = await sized(recipe, "German", 200);
    const prepared = await prepare(ready, join(root, "prepared"), { ...quiet, say: (line) => said.push(line) });
    prepared.close();
    const manifest = JSON.parse(readFileSync(join(prepared.folder, "training/manifest.json"), "utf8"));
    const { characters, deleted, unknown } = manifest.report.coverage;
    expect(deleted / characters).toBeGreaterThan(0.01);
    expect(unknown).toBe(0);
    expect(said.join("\n")).toMatch(/^warning: 2\.\d % of .*; to keep them, set tokenizer\.text=multilingual/m);
  });
});

/** English under its own preset, of the least size that its letters need. */
const sizedFor = async (recipe: Recipe, root: string): Promise<Recipe> => {
  const options = trainingOptions({ ...recipe.tokenizer, vocabSize: 200 });
  const english = readFileSync(join(root, "english.txt"), "utf8");
  const { vocabSize } = await trainTokenizer([...documentsOf("Russian"), english], { ...options, size: "trained" });
  return { ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize: Math.max(64, vocabSize) } };
};

describe("a ready tokenizer.json", () => {
  const ready = async (): Promise<Tokenizer> =>
    trainTokenizer(documentsOf("Russian"), {
      ...trainingOptions({ ...studyTokenizer("WordPieceBERT", 120), text: "multilingual", specialTokens: "bert" }),
      size: "trained",
    });
  const setUp = async (change: (json: { added_tokens: { content: string }[]; model: { vocab: object } }) => void) => {
    const tokenizer = await ready();
    const json = JSON.parse(JSON.stringify(tokenizer));
    change(json);
    const { recipe, root } = runOf("Russian", {});
    mkdirSync(join(root, "own"));
    const from = join(root, "own/tokenizer.json");
    writeFileSync(from, JSON.stringify(json));
    const { idLimit: vocabSize } = tokenizerFromJson(json);
    return { recipe: { ...recipe, tokenizer: { ...recipe.tokenizer, from, vocabSize } }, root, from };
  };

  it("is taken as it is, and its rows hold no mask that a document spells", async () => {
    const { recipe, root, from } = await setUp(() => {});
    const { path } = recipe.corpus.sources[0] as { path: string };
    writeFileSync(
      path,
      `${readFileSync(path, "utf8")}${`\n${JSON.stringify({ text: "[MASK] ".repeat(40) })}`.repeat(10)}`,
    );
    checkRecipe(recipe);
    const prepared = await prepare(recipe, join(root, "prepared"), quiet);
    expect(readFileSync(join(prepared.folder, "tokenizer.json"), "utf8")).toBe(readFileSync(from, "utf8"));
    const mask = prepared.tokenizer.tokenToId("[MASK]")!;
    const { rowCount, seqLength } = prepared.training;
    const rows = new Int32Array(rowCount * seqLength);
    prepared.training.readRows(
      Int32Array.from({ length: rowCount }, (_, row) => row),
      rows,
    );
    expect(rows).toContain(prepared.tokenizer.tokenToId("[UNK]"));
    expect(rows).not.toContain(mask);
    prepared.close();
  });

  it("without a mask token, with another size, and damaged, is one line with its remedy", async () => {
    const noMask = await setUp((json) => {
      json.added_tokens = json.added_tokens.filter(({ content }) => content !== "[MASK]");
      json.model.vocab = Object.fromEntries(
        Object.entries(json.model.vocab).map(([token, id]) => [token === "[MASK]" ? "[OTHER]" : token, id]),
      );
    });
    const prepared = (recipe: Recipe, root: string) => prepare(recipe, join(root, "prepared"), quiet);
    await expect(prepared(noMask.recipe, noMask.root)).rejects.toThrow(
      `${noMask.from}: expected a special token such as <mask>, or the like of it in BERT or RoBERTa, got none; add it to the added_tokens of the file, or set tokenizer.from=null to train a tokenizer`,
    );
    const { recipe, root, from } = await setUp(() => {});
    const { vocabSize } = recipe.tokenizer;
    const other = { ...recipe, tokenizer: { ...recipe.tokenizer, vocabSize: 5000 } };
    await expect(prepared(other, root)).rejects.toThrow(
      `${from}: expected 5000 entries, as tokenizer.vocabSize has it, got ids below ${vocabSize}; set tokenizer.vocabSize=${vocabSize}`,
    );
    writeFileSync(from, "{}");
    await expect(prepared(recipe, root)).rejects.toThrow(`${from}: tokenizer.json: expected`);
  });
});
