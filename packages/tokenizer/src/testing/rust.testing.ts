import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Model, type PreTokenizer, Tokenizer as Rust } from "tokenizers";
import { expect } from "vitest";
import type { EncodeInput } from "../encode-options.ts";
import type { TokenizerJson } from "../json/schema.ts";
import type { Tokenizer } from "../tokenizer.ts";

/** Checks that the Rust implementation and ours make the same of `input`: every array of the encoding, and the text again. */
export const expectSame = async (ours: Tokenizer, rust: Rust, input: EncodeInput): Promise<void> => {
  const [text, pair] = typeof input === "string" ? [input] : input;
  const expected = await rust.encode(text, pair);
  const encoding = pair === undefined ? ours.encode(text) : ours.encodePair(text, pair);
  const ids = expected.getIds();
  // Longer texts are compared as strings first: a difference of long arrays takes minutes to print.
  if (JSON.stringify(encoding.ids) !== JSON.stringify(ids))
    expect(encoding.ids.slice(0, 2000)).toEqual(ids.slice(0, 2000));
  expect(JSON.stringify(encoding.tokens)).toBe(JSON.stringify(expected.getTokens()));
  expect(JSON.stringify(encoding.offsets)).toBe(JSON.stringify(expected.getOffsets()));
  expect(JSON.stringify(encoding.typeIds)).toBe(JSON.stringify(expected.getTypeIds()));
  expect(JSON.stringify(encoding.specialTokensMask)).toBe(JSON.stringify(expected.getSpecialTokensMask()));
  expect(JSON.stringify(encoding.attentionMask)).toBe(JSON.stringify(expected.getAttentionMask()));
  if (pair === undefined) expect(Array.from(ours.encodeIds(text))).toEqual(encoding.ids);
  for (const skipSpecialTokens of [true, false]) {
    expect(ours.decode(ids, { skipSpecialTokens })).toBe(await rust.decode(ids, skipSpecialTokens));
  }
};

export const loadRust = (tokenizer: Tokenizer) => Rust.fromString(JSON.stringify(tokenizer));

/** The tokenizer as the Rust implementation writes it down. */
export const jsonOf = (rust: Rust): TokenizerJson =>
  withFolder((folder) => {
    rust.save(join(folder, "json"));
    return JSON.parse(readFileSync(join(folder, "json"), "utf8"));
  });

/** Trains a model of the Rust implementation with its default settings, on text that it reads by lines. */
export const trainRust = (
  model: Model,
  preTokenizer: PreTokenizer,
  text: string,
): { rust: Rust; json: TokenizerJson } => {
  const rust = new Rust(model);
  rust.setPreTokenizer(preTokenizer);
  withFolder((folder) => {
    writeFileSync(join(folder, "text"), text);
    rust.train([join(folder, "text")]);
  });
  return { rust, json: jsonOf(rust) };
};

const withFolder = <Result>(use: (folder: string) => Result): Result => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-tokenizer-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};
