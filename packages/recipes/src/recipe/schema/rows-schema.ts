import { z } from "zod";
import { numbers, setting } from "../setting.ts";

/** Rows of tokens, and what of them is masked. */
export const rowsSchema = () =>
  z.strictObject({
    seqLength: setting(z.int().min(8).max(512), "Length of a row; documents are packed into rows without padding.", {
      unit: "tokens",
      paper: "Cramming, section 4.1",
    }),
    order: setting(
      z.enum(["as-is", "shuffled", "separators", "full-stops", "unigram", "reverse-unigram", "word-length"]),
      'Order of the rows. "full-stops": most sentences first; "unigram": likely rows first, as the paper has it (the study\'s code calls that the reverse).',
      { paper: "Cramming, section 4.4 (curriculum)" },
    ),
  });

export const maskingSchema = () => {
  const { share } = numbers();
  return z.strictObject({
    policy: setting(
      z.enum(["exact", "bernoulli", "always-mask", "keep"]),
      '"exact": the same number in each row, 80/10/10 masked, random, kept; "bernoulli": each token by itself; "always-mask": exact, and all masked; "keep": exact, and all kept (the study\'s disable_mlm, with a probability of 1).',
      { paper: "BERT, arXiv 1810.04805; Cramming, section 4.3" },
    ),
    probability: setting(share.gt(0), "How much of each row is masked.", {
      unit: "share of the tokens",
      paper: "Cramming, section 4.3; Wettig et al., arXiv 2202.08005",
    }),
    wholeWords: setting(z.boolean(), "Masks all tokens of a word or none.", { paper: "BERT, its code of 2019" }),
    finalProbability: setting(
      share.gt(0).nullable().default(null),
      "How much is masked at the end of the horizon, to which the share goes in a line; null: `probability` throughout.",
      { unit: "share of the tokens", paper: "Ankner et al., arXiv 2305.15096" },
    ),
  });
};
