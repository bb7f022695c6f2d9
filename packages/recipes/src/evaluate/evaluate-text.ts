import { checkOptions, fault } from "@cramkit/errors";
import { packRows, rowsInMemory } from "@cramkit/packer";
import { subSeed } from "@cramkit/random";
import type { SavedModel } from "../model/saved-model.ts";
import { maskingOf, specialId } from "../recipe/masking.ts";
import { rowsOfABatch, scoreModel } from "./evaluate.ts";

export interface EvaluateTextOptions {
  /**
   * Tokens of a row; what is left over at the end of the text is not scored.
   * @defaultValue the longest that the model takes
   */
  readonly seqLength?: number;
  /**
   * Share of the tokens of each row that is masked, and guessed.
   * @defaultValue `0.15`
   */
  readonly maskedShare?: number;
  /**
   * Which tokens are masked follows from it: the same for every model with the same tokenizer.
   * @defaultValue `0`
   */
  readonly seed?: number;
  /**
   * Called between two batches with the rows that are scored; throws to stop.
   * @defaultValue does nothing
   */
  readonly pause?: (rows: number) => Promise<void>;
}

/** What a model makes of a text that it is shown with masks. */
export interface TextScore {
  /** Mean cross-entropy of the masked tokens, in nats. */
  readonly loss: number;
  /** `exp(loss)`: among so many tokens it hesitates. Only models with the same tokenizer compare by it. */
  readonly perplexity: number;
  /** Share of masked tokens guessed right. */
  readonly accuracy: number;
  readonly documents: number;
  readonly characters: number;
  readonly rows: number;
  readonly seqLength: number;
  /** Tokens in the rows. */
  readonly tokens: number;
  /** Tokens after the last row. */
  readonly leftOver: number;
  /** Masked tokens. */
  readonly positions: number;
  readonly maskedShare: number;
  readonly seed: number;
}

/**
 * Loss and perplexity of a model on any text: documents are joined, cut into rows, and a share of each row is masked, as in
 * pretraining. Memory stays flat. Borrows the weights.
 *
 * @throws a fault `invalid-input` over less text than a row, `unsupported` over a model without a head for masked tokens
 */
export const evaluateText = async (
  model: SavedModel,
  texts: AsyncIterable<string> | Iterable<string>,
  options: EvaluateTextOptions = {},
): Promise<TextScore> => {
  checkOptions("evaluateText", options, { seqLength: true, maskedShare: true, seed: true, pause: true });
  const { params, config, tokenizer } = model;
  const { seqLength = config.maxLength, maskedShare = 0.15, seed = 0, pause = async () => {} } = options;
  if (config.head.type !== "masked-language-model")
    throw fault({
      code: "unsupported",
      problem: `expected a model with a head for masked tokens, got ${config.head.type}`,
      remedy: "evaluate the model that it was finetuned from",
      type: RangeError,
    });
  if (!Number.isInteger(seqLength) || seqLength < 1 || seqLength > config.maxLength)
    throw fault({
      code: "invalid-argument",
      place: "seqLength",
      problem: `expected rows of 1 to ${config.maxLength} tokens, got ${seqLength}`,
      type: RangeError,
    });
  if (!(maskedShare * seqLength > 0.5 && maskedShare <= 1))
    throw fault({
      code: "invalid-argument",
      place: "maskedShare",
      problem: `expected a share that masks a token of the ${seqLength} of a row, and at most 1, got ${maskedShare}`,
      type: RangeError,
    });
  let [documents, characters] = [0, 0];
  async function* ids(): AsyncGenerator<Uint32Array> {
    for await (const text of texts) {
      documents++;
      characters += text.length;
      yield tokenizer.encodeIds(text, { splitSpecialTokens: true, truncation: false, padding: false });
    }
  }
  const vocabSize = tokenizer.idLimit;
  const shape = { policy: "exact", probability: maskedShare, wholeWords: false, finalProbability: null } as const;
  const set = { maskId: specialId(tokenizer, "<mask>"), masking: maskingOf({ masking: shape }, tokenizer) };
  let [rows, positions, loss, right] = [0, 0, 0, 0];
  const packing = packRows(ids(), { seqLength, vocabSize });
  for (let block = 0; ; block++) {
    const { done, value } = await packing.next();
    if (done) {
      if (rows === 0)
        throw fault({
          code: "invalid-input",
          problem: `expected at least the ${seqLength} tokens of a row, got ${value.droppedTokens}`,
          remedy: "give more text, or shorter rows",
          type: RangeError,
        });
      const tokens = rows * seqLength;
      const [mean, accuracy] = [loss / positions, right / positions];
      const counted = { documents, characters, rows, seqLength, tokens, leftOver: value.droppedTokens, positions };
      return { loss: mean, perplexity: Math.exp(mean), accuracy, ...counted, maskedShare, seed };
    }
    const source = rowsInMemory(value.tokens, { seqLength, vocabSize });
    const own = { ...set, source, rows: value.rowCount, seed: subSeed(seed, `recipes/evaluate-text/${block}`) };
    let scored = 0; // of this block, which may be the whole of a long document
    const score = await scoreModel(params, config, own, async () => {
      await pause(rows + scored);
      scored += rowsOfABatch;
    });
    loss += score.loss * score.positions;
    right += score.accuracy * score.positions;
    positions += score.positions;
    rows += value.rowCount;
  }
};
