import { root } from "./json/field";
import { readNormalizer } from "./json/normalizer";
import { readPreTokenizer } from "./json/pre-tokenizer";
import { pieceReader } from "./pipeline";
import { alignedText, wellFormed } from "./text/aligned-text";
import type { Tokenizer } from "./tokenizer";
import { type TokenizerJson, tokenizerFromJson } from "./tokenizer-json";
import type { TrainOptions } from "./training/options";
import { templateJson } from "./training/template-json";
import { trainMerges } from "./training/train-merges";

/**
 * Trains a tokenizer on `documents`, each read once and not kept. The same documents in any order and the same options give
 * the same tokenizer. Throws where the text does not give `vocabSize` entries, unless `size` is `"trained"`.
 */
export async function trainTokenizer(
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
): Promise<Tokenizer> {
  const { specialTokens = [], vocabSize, onProgress } = options;
  checkOptions(options);
  const progress = { phase: "count" as "count" | "train", documents: 0, characters: 0, entries: 0, vocabSize };
  const readPieces = pieceReader({
    addedTokens: addedTokens(specialTokens),
    normalizer: options.normalizer ? readNormalizer(root(options.normalizer, "normalizer")) : undefined,
    preTokenizer: options.preTokenizer ? readPreTokenizer(root(options.preTokenizer, "preTokenizer")) : undefined,
  });
  const counted = new Map<string, number>();
  for await (const document of documents) {
    for (const { text, token } of readPieces(alignedText(wellFormed(document)))) {
      if (!token) counted.set(text.text, (counted.get(text.text) ?? 0) + 1);
    }
    progress.documents++;
    progress.characters += document.length;
    onProgress?.({ ...progress });
  }
  const words = new Map([...counted].sort(([a], [b]) => (a < b ? -1 : 1)));
  progress.phase = "train";
  const prefix = options.continuingSubwordPrefix ?? "##";
  const { tokens } = trainMerges(words, options, prefix, (entries) => onProgress?.({ ...progress, entries }));
  if (tokens.length !== vocabSize && options.size !== "trained") {
    throw new RangeError(
      `trainTokenizer: expected ${vocabSize} entries, got ${tokens.length}: the text has no more to merge; give more text, ` +
        'lower vocabSize or minFrequency, or set size to "trained"',
    );
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const json: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(specialTokens),
    normalizer: options.normalizer ?? null,
    pre_tokenizer: options.preTokenizer ?? null,
    post_processor: options.template ? templateJson(options.template, (token) => ids.get(token)) : null,
    decoder: options.decoder ?? null,
    model: {
      type: "WordPiece",
      unk_token: options.unkToken ?? "[UNK]",
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
  return tokenizerFromJson(json);
}

const addedTokens = (contents: readonly string[]) =>
  contents.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));

function checkOptions({ vocabSize, specialTokens = [], unkToken }: TrainOptions): void {
  if (!Number.isInteger(vocabSize) || vocabSize < 1 || vocabSize > 0x3ffffff) {
    throw new RangeError(
      `trainTokenizer: expected vocabSize to be an integer from 1 to ${0x3ffffff}, got ${vocabSize}`,
    );
  }
  const repeated = specialTokens.find((token, i) => specialTokens.indexOf(token) !== i);
  if (repeated !== undefined) {
    throw new RangeError(
      `trainTokenizer: expected each of specialTokens once, got ${JSON.stringify(repeated)} twice; remove one`,
    );
  }
  if (specialTokens.includes(""))
    throw new RangeError("trainTokenizer: expected specialTokens that are not empty; remove the empty one");
  if (unkToken !== undefined && !specialTokens.includes(unkToken)) {
    throw new RangeError(
      `trainTokenizer: expected unkToken to be one of specialTokens, got ${JSON.stringify(unkToken)}; add it there`,
    );
  }
}
