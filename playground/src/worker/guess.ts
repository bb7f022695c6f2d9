import { encode, inputsOf, type ModelConfig, type Params, predictTokens } from "@cramkit/model";
import type { Tokenizer } from "@cramkit/tokenizer";
import { gather, reshape, softmax, tensor1d, tidy, topk } from "@tensorflow/tfjs-core";
import type { Guesses } from "../protocol.ts";

const guessesPerMask = 5;

/** The likeliest tokens for every `[MASK]` of a sentence, as `cramkit fill-mask` predicts them. */
export const guessMasks = async (
  { params, config, tokenizer }: { params: Params; config: ModelConfig; tokenizer: Tokenizer },
  sentence: string,
  step: number,
): Promise<Guesses> => {
  const ids = Int32Array.from(tokenizer.encodeIds(sentence));
  const maskId = tokenizer.tokenToId("[MASK]")!;
  const masks = Int32Array.from(ids.keys()).filter((at) => ids[at] === maskId);
  const none = (problem: string): Guesses => ({ sentence, step, masks: [], problem });
  if (masks.length === 0) return none("Write [MASK] where the model should guess a word.");
  if (ids.length > config.maxLength)
    return none(`This sentence has ${ids.length} tokens, and the model reads ${config.maxLength}. Shorten it.`);
  const [values, indices] = tidy(() => {
    const inputs = inputsOf({ batchSize: 1, seqLength: ids.length, inputIds: ids });
    const hidden = reshape(encode(params, config, inputs), [-1, config.hidden]);
    const logits = predictTokens(params, config, gather(hidden, tensor1d(masks, "int32"))); // [masks, vocab]
    const top = topk(softmax(logits), guessesPerMask);
    return [top.values, top.indices];
  });
  const [probabilities, tokens] = [await values.data(), await indices.data()];
  values.dispose();
  indices.dispose();
  return {
    ...{ sentence, step },
    masks: Array.from(masks, (_, mask) =>
      Array.from({ length: guessesPerMask }, (_, rank) => {
        const id = tokens[mask * guessesPerMask + rank]!;
        // A special token has no text, but a name.
        const token = tokenizer.decode([id]) || (tokenizer.idToToken(id) ?? "");
        return { token, probability: probabilities[mask * guessesPerMask + rank]! };
      }),
    ),
  };
};
