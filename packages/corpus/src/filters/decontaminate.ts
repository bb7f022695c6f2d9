import { checkOptions } from "@cramkit/errors";
import type { Document } from "../document.ts";
import { createFilter, type DecidingFilter } from "./filter.ts";
import { createHashSet } from "./hash-set.ts";
import { createRunScanner } from "./run-scanner.ts";

export interface DecontaminationOptions {
  /** The texts that a model will be evaluated on. */
  evaluation: AsyncIterable<Document> | Iterable<Document>;
  /**
   * Length in words of a shared run that drops a document.
   *
   * @defaultValue `13`
   */
  words?: number;
}

/**
 * Drops documents that share a run of 13 words with an evaluation set (Brown et al., 2020, appendix C). Words are runs
 * of letters and digits, compared in lower case; signs between them do not count (pictographs do, as letters). Evaluation
 * texts with fewer words have no such run and match nothing. Runs are compared by 64-bit hashes: a false match has a
 * probability of less than 1 in 10^13 a word for a million runs.
 */
export const decontaminate = (options: DecontaminationOptions): DecidingFilter => {
  checkOptions("decontaminate", options, { evaluation: true, words: true });
  const { evaluation, words = 13 } = options;
  return createFilter(`${words} words in a row of an evaluation set`, () => {
    const runs = createHashSet();
    const scan = createRunScanner(words);
    const load = async () => {
      for await (const { text } of evaluation) {
        scan(text, (high, low) => {
          runs.add(high, low);
          return false;
        });
      }
    };
    let loaded: Promise<void> | undefined;
    return async (document) => {
      loaded ??= load();
      await loaded;
      const at = scan(document.text, (high, low) => runs.has(high, low));
      return at < 0 ? document : { drop: `shares "...${document.text.slice(Math.max(0, at - 80), at)}"` };
    };
  });
};
