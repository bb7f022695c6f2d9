import { basename, dirname } from "node:path";
import { fault } from "@cramkit/errors";
import { readText } from "@cramkit/files";
import { type Tokenizer, tokenizerFromJson } from "@cramkit/tokenizer";
import { readTokenizer } from "../model/saved-model.ts";
import { specialToken } from "../recipe/masking.ts";

/**
 * Reads the tokenizer that a recipe names with `tokenizer.from`.
 *
 * @throws a fault `invalid-input` if it lacks a token that training needs, or has another number of entries than the recipe
 */
export const readyTokenizer = async (path: string, vocabSize: number): Promise<Tokenizer> => {
  const isVocabulary = basename(path) === "vocab.txt";
  const json = isVocabulary ? "" : await readText(path);
  const refuse = (problem: string, remedy: string, cause?: unknown) => {
    throw fault({ code: "invalid-input", place: path, problem, remedy, cause });
  };
  let tokenizer: Tokenizer;
  try {
    tokenizer = isVocabulary ? await readTokenizer(dirname(path)) : tokenizerFromJson(json);
  } catch (error) {
    return refuse((error as Error).message, "name another file with tokenizer.from", error) as never;
  }
  for (const token of ["<mask>", "<pad>", "<unk>", "<cls>", "<sep>"] as const) {
    try {
      specialToken(tokenizer, token);
    } catch {
      refuse(
        `expected a special token such as ${token}, or the like of it in BERT or RoBERTa, got none`,
        "add it to the added_tokens of the file, or set tokenizer.from=null to train a tokenizer",
      );
    }
  }
  if (tokenizer.idLimit !== vocabSize) {
    refuse(
      `expected ${vocabSize} entries, as tokenizer.vocabSize has it, got ids below ${tokenizer.idLimit}`,
      `set tokenizer.vocabSize=${tokenizer.idLimit}`,
    );
  }
  return tokenizer;
};
