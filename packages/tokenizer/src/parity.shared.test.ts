import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Tokenizer as Rust } from "tokenizers";
import { describe, expect, test } from "vitest";
import { bertTokenizer, tokenizerFromJson } from "./index.ts";

const data = join(process.env.CRAMKIT_SHARED ?? "../shared", "data");
const folder = join(data, "tokenizers/bert-base-uncased");
const ours = tokenizerFromJson(readFileSync(join(folder, "tokenizer.json"), "utf8"));
const rust = Rust.fromFile(join(folder, "tokenizer.json"));

/** One document of so many is compared; 1 compares all, which takes minutes. */
const every = Number(process.env.CRAMKIT_EVERY ?? 40);

function* glue() {
  for (const task of readdirSync(join(data, "glue"))) {
    for (const file of readdirSync(join(data, "glue", task)))
      yield readFileSync(join(data, "glue", task, file), "utf8");
  }
}

function* books() {
  const dir = join(data, "text/gutenberg");
  for (const file of readdirSync(dir).filter((name) => name.endsWith(".gz"))) {
    for (const line of gunzipSync(readFileSync(join(dir, file)))
      .toString()
      .trimEnd()
      .split("\n"))
      yield JSON.parse(line).text as string;
  }
}

async function* wikipedia() {
  const dir = join(data, "text/wikipedia-2015");
  const { decompress } = await import("fzstd");
  for (const file of readdirSync(dir).filter((name) => name.endsWith(".zst"))) {
    const lines = new TextDecoder().decode(decompress(readFileSync(join(dir, file)))).trimEnd();
    for (const line of lines.split("\n")) yield JSON.parse(line).text as string;
  }
}

/** Where the two differ first, or undefined. */
const difference = async (text: string): Promise<string | undefined> => {
  const a = ours.encode(text);
  const b = await rust.encode(text);
  const ids = b.getIds();
  const offsets = b.getOffsets();
  const tokens = b.getTokens();
  for (let i = 0; i < Math.max(ids.length, a.ids.length); i++) {
    const same =
      a.ids[i] === ids[i] &&
      a.tokens[i] === tokens[i] &&
      a.offsets[i]?.[0] === offsets[i]![0] &&
      a.offsets[i]?.[1] === offsets[i]![1];
    if (!same) return `token ${i}: ${a.tokens[i]} ${a.offsets[i]}, expected ${tokens[i]} ${offsets[i]}`;
  }
  if (ours.encodeIds(text).some((id, i) => id !== ids[i])) return "encodeIds";
  return ours.decode(a.ids) === (await rust.decode(ids, true)) ? undefined : "decode";
};

describe("bert-base-uncased against the Rust implementation", () => {
  test.each([
    ["glue", glue, 1],
    ["books", books, every],
    ["wikipedia", wikipedia, every],
  ] as const)(
    "%s",
    async (_, documents, step) => {
      let n = 0;
      let characters = 0;
      for await (const document of documents()) {
        if (n++ % step !== 0) continue;
        // Long books are cut: both sides hold all of an encoding in memory.
        for (let at = 0; at < document.length; at += 100_000) {
          const text = document.slice(at, at + 100_000);
          characters += text.length;
          expect(await difference(text)).toBeUndefined();
        }
      }
      console.log(`${Math.ceil(n / step)} of ${n} documents, ${(characters / 1e6).toFixed(1)} M characters`);
    },
    3_600_000,
  );
});

test("vocab.txt gives the tokenizer of tokenizer.json", () => {
  const preset = bertTokenizer(readFileSync(join(folder, "vocab.txt"), "utf8"));
  expect(preset.toJSON()).toEqual(ours.toJSON());
});
