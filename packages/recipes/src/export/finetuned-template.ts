import type { Tokenizer } from "@cramkit/tokenizer";
import { specialToken } from "../recipe/masking.ts";

type Json = ReturnType<Tokenizer["toJSON"]>;

/**
 * The tokenizer as a model was finetuned with it: `<cls> A <sep>`, `<cls> A <sep> B <sep>`. One that was pretrained on text
 * without a first token puts none in front; its own template stays if it does.
 */
export const finetunedTokenizer = (tokenizer: Tokenizer): Json => {
  const json = tokenizer.toJSON();
  const [first, separator] = [specialToken(tokenizer, "<cls>"), specialToken(tokenizer, "<sep>")];
  const [firstId, separatorId] = [first, separator].map((token) => tokenizer.tokenToId(token)!) as [number, number];
  if (tokenizer.encodeIds("a")[0] === firstId) return json;
  const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const single = [special(first, 0), text("A", 0), special(separator, 0)];
  return {
    ...json,
    post_processor: {
      type: "TemplateProcessing",
      single,
      pair: [...single, text("B", 1), special(separator, 1)],
      special_tokens: {
        [first]: { id: first, ids: [firstId], tokens: [first] },
        [separator]: { id: separator, ids: [separatorId], tokens: [separator] },
      },
    },
  };
};
