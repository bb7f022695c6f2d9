import { readFile } from "node:fs/promises";
import { novels, novelsDigest, novelUrl } from "@cramkit/novels";
import { crammingTokenizerOptions, type Tokenizer, trainTokenizer } from "@cramkit/tokenizer";
import type { Recipe } from "../recipe/recipe.ts";

/** What `corpus.compressionTokenizer` says to have English measured by one and the same tokenizer, whatever the run's own. */
export const novelsName = "novels";

/** As many as bring its counts nearest to those of BERT's tokenizer; the text gives no twice as many. */
const vocabSize = 16_384;

/** The study's WordPiece on the novels of @cramkit/novels: the same on every machine. */
export const novelsTokenizer = async (): Promise<Tokenizer> => {
  const texts = await Promise.all(novels.map((novel) => readFile(novelUrl(novel), "utf8")));
  return trainTokenizer(texts, crammingTokenizerOptions({ vocabSize }));
};

/** Its name in a report, with the digest of the text that it is made from. */
export const novelsTokenizerName = (): string => `${vocabSize} entries from novels ${novelsDigest.slice(0, 12)}`;

/**
 * What measures compressibility: a file, the novels' tokenizer, or null for the run's own. The novels' is for English as the
 * study has it; of other text it would drop everything.
 */
export const compressionTokenizerOf = ({ corpus, tokenizer }: Recipe): string | null => {
  const { compressionTokenizer } = corpus;
  const isEnglish = tokenizer.from === null && tokenizer.text === "english" && tokenizer.asciiOnly !== false;
  return compressionTokenizer === novelsName && !isEnglish ? null : compressionTokenizer;
};
