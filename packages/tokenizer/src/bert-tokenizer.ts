import { fault } from "@cramkit/errors";
import { specialToken } from "./added-tokens.ts";
import { refuseUnknown } from "./options.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerFromJson } from "./tokenizer-json.ts";
import { templateJson } from "./training/template-json.ts";

/** The tokenizer of BERT from its `vocab.txt`, one token a line. */
export const bertTokenizer = (
  vocabTxt: string,
  options: {
    /** @defaultValue `true` */
    lowercase?: boolean;
  } = {},
): Tokenizer => {
  refuseUnknown("bertTokenizer", options, ["lowercase"]);
  const { lowercase = true } = options;
  const lines = vocabTxt.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ids = new Map<string, number>();
  lines.forEach((line, id) => {
    const token = line.trimEnd();
    if (ids.has(token)) {
      throw fault({
        code: "invalid-input",
        place: "bertTokenizer",
        problem: `expected each token once, got ${JSON.stringify(token)} in lines ${ids.get(token)! + 1} and ${id + 1}`,
        remedy: "remove one of the two",
        type: RangeError,
      });
    }
    ids.set(token, id);
  });
  const specialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  for (const token of specialTokens) {
    if (!ids.has(token))
      throw fault({
        code: "invalid-input",
        place: "bertTokenizer",
        problem: `expected a vocab.txt with ${token}, got ${ids.size} tokens without it`,
        remedy: "pass the vocab.txt of a BERT",
        type: RangeError,
      });
  }
  return tokenizerFromJson({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content) => specialToken(content, ids.get(content)!)).sort((a, b) => a.id - b.id),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: templateJson({ single: "[CLS] $A [SEP]", pair: "[CLS] $A [SEP] $B:1 [SEP]:1" }, (token) =>
      ids.get(token),
    ),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  });
};
