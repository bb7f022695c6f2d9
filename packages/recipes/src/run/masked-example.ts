import { preparedFolder } from "../prepare/prepared-folder.ts";
import { textFiles } from "../prepare/texts.ts";
import { readJson, readRun } from "../run-record.ts";

/**
 * A sentence of the run's held-out text with one word replaced by `[MASK]`: something to try its model on, in the language
 * that it has learned. Undefined if the prepared text is gone, or has no sentence of a handy length.
 */
export const maskedExample = async (run: string): Promise<string | undefined> => {
  const { recipe, dataFolder } = await readRun(run);
  if (dataFolder === undefined) return undefined;
  const texts = await readJson(textFiles(preparedFolder(recipe, dataFolder)).heldOutTexts);
  return Array.isArray(texts) ? maskedSentence(texts as string[]) : undefined;
};

/** Documents to look through: the first sentence that is plain is as good as any. */
const searched = 200;

/** Nothing in it means anything to a shell, inside double quotes. */
const plainSentence = /(?<=^|[.!?]\s+)[\p{Lu}\p{Lo}][\p{L}\p{M}\s,]+[.?](?=\s|$)/gu;

/** The first sentence of five to twelve plain words, with its longest word that has no capital masked. */
export const maskedSentence = (texts: readonly string[]): string | undefined => {
  for (const text of texts.slice(0, searched))
    for (const paragraph of text.slice(0, 10_000).split(/\n\s*\n/))
      for (const [sentence] of paragraph.trim().matchAll(plainSentence)) {
        const words = sentence.split(/\s+/);
        if (words.length < 5 || words.length > 12) continue;
        let longest = 0;
        for (const [at, word] of words.entries())
          if (at > 0 && lettersOf(word) > (longest && lettersOf(words[longest]!))) longest = at;
        if (longest === 0) continue;
        words[longest] = words[longest]!.replace(/[\p{L}\p{M}]+/u, "[MASK]");
        return words.join(" ");
      }
  return undefined;
};

/** 0 for a word with a capital, which may be a name. */
const lettersOf = (word: string): number => (/^\p{Lu}/u.test(word) ? 0 : word.replace(/[^\p{L}]/gu, "").length);
