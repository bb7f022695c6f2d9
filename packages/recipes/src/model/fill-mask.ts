import { fault } from "@cramkit/errors";
import { encode, inputsOf, predictTokens } from "@cramkit/model";
import { gather, reshape, softmax, tensor1d, tidy, topk } from "@tensorflow/tfjs-core";
import { specialId } from "../recipe/masking.ts";
import type { SavedModel } from "./saved-model.ts";

export interface Guess {
  readonly token: string;
  readonly probability: number;
  /** The text with this guess in place of the mask, and the best guess at every other. */
  readonly text: string;
}

/** The likeliest tokens for every `[MASK]` (or `<mask>`) of a text, best first. */
export const fillMask = async (
  { params, config, tokenizer }: SavedModel,
  text: string,
  count = 5,
): Promise<Guess[][]> => {
  if (config.head.type !== "masked-language-model")
    throw fault({
      code: "invalid-input",
      place: "fill-mask",
      problem: `expected a model with a masked-language-model head, got ${config.head.type}`,
      type: RangeError,
    });
  const maskId = specialId(tokenizer, "<mask>");
  const ids = Int32Array.from(tokenizer.encodeIds(text.replaceAll("[MASK]", tokenizer.idToToken(maskId)!)));
  const masks = Int32Array.from(ids.keys()).filter((at) => ids[at] === maskId);
  if (masks.length === 0)
    throw fault({
      code: "invalid-input",
      place: "fill-mask",
      problem: `expected a [MASK] in the text, as in "Paris is the [MASK] of France.", got "${text}"`,
      type: RangeError,
    });
  if (ids.length > config.maxLength)
    throw fault({
      code: "invalid-input",
      place: "fill-mask",
      problem: `expected at most ${config.maxLength} tokens, got ${ids.length}`,
      remedy: "shorten the text",
      type: RangeError,
    });
  const [values, indices] = tidy(() => {
    const inputs = inputsOf({ batchSize: 1, seqLength: ids.length, inputIds: ids });
    const hidden = reshape(encode(params, config, inputs), [-1, config.hidden]);
    const logits = predictTokens(params, config, gather(hidden, tensor1d(masks, "int32"))); // [masks, vocab]
    const { values, indices } = topk(softmax(logits), Math.min(count, config.vocabSize));
    return [values, indices];
  });
  const [probabilities, tokens] = [await values.data(), await indices.data()];
  values.dispose();
  indices.dispose();
  const kept = tokens.length / masks.length;
  const filled = ids.slice();
  masks.forEach((at, mask) => {
    filled[at] = tokens[mask * kept]!;
  });
  return Array.from(masks, (at, mask) =>
    Array.from({ length: kept }, (_, rank) => {
      const id = tokens[mask * kept + rank]!;
      const guess = filled.slice();
      guess[at] = id;
      return {
        token: tokenizer.decode([id]),
        probability: probabilities[mask * kept + rank]!,
        text: tokenizer.decode(guess),
      };
    }),
  );
};
