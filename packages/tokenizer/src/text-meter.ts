import { chunkedEncoder, type TokenMeasure } from "./chunked-encoder.ts";
import type { ChunkDictionary } from "./chunks/chunk-dictionary.ts";
import { coverageCounter } from "./coverage.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { readParts } from "./tokenizer-json.ts";

/**
 * Counts the tokens of texts, those of the template included, and what is lost of them. With a dictionary that cuts texts as the
 * tokenizer does, from what each chunk has, which is several times faster than encoding.
 */
export const textMeter = (tokenizer: Tokenizer, dictionary?: ChunkDictionary): ((text: string) => TokenMeasure) => {
  const cover = coverageCounter(tokenizer);
  const inFull = (text: string): TokenMeasure => {
    const ids = tokenizer.encodeIds(text);
    const { deleted, unknown } = cover(text, ids);
    return { tokens: ids.length, deleted, unknown };
  };
  const { pipeline, truncation, padding } = readParts(tokenizer.toJSON());
  const encoder = dictionary && !truncation && !padding ? chunkedEncoder(tokenizer, dictionary) : undefined;
  if (!dictionary || !encoder) return inFull;
  return (text) => (pipeline.finder?.mayMatch(text) ? inFull(text) : encoder.measure(dictionary.read(text)));
};
