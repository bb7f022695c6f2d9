import { z } from "zod";
import { numbers, setting } from "../setting.ts";

/** Rules for running prose: those of `quality` in @cramkit/corpus, by their names there. */
export const qualitySchema = () => {
  const { share } = numbers();
  const least = z.number().min(0);
  const gopher = "Gopher, arXiv 2112.11446, A.1.1";
  return z.strictObject({
    minWords: setting(least.default(50), "The fewest words.", { unit: "words", paper: gopher }),
    maxWords: setting(least.default(100_000), "The most words.", { unit: "words", paper: gopher }),
    minWordLength: setting(least.default(3), "The shortest words, on average.", { unit: "characters", paper: gopher }),
    maxWordLength: setting(least.default(10), "The longest words, on average.", { unit: "characters", paper: gopher }),
    maxSymbols: setting(least.default(0.1), "Hash signs and ellipses at most.", { unit: "a word", paper: gopher }),
    minLetterWords: setting(share.default(0.8), "Words with a letter at least.", {
      unit: "share of the words",
      paper: gopher,
    }),
    minStopWords: setting(
      least.default(2),
      "How many of eight common English words occur at least; 0 for other languages.",
      { unit: "words", paper: gopher },
    ),
    maxBulletLines: setting(share.default(0.9), "Lines with a bullet at most.", {
      unit: "share of the lines",
      paper: gopher,
    }),
    maxEllipsisLines: setting(share.default(0.3), "Lines that end with an ellipsis at most.", {
      unit: "share of the lines",
      paper: gopher,
    }),
    maxRepeatedLines: setting(share.default(0.3), "Lines that occurred before in the document at most.", {
      unit: "share of the lines",
      paper: gopher,
    }),
    minSentenceLines: setting(share.default(0.12), "Lines that end a sentence at least.", {
      unit: "share of the lines",
      paper: "FineWeb, arXiv 2406.17557",
    }),
  });
};
