import type { ModelConfig } from "@cramkit/model";
import {
  add,
  div,
  logSumExp,
  matMul,
  mean,
  mul,
  slice,
  sub,
  sum,
  type Tensor,
  tensor2d,
  tidy,
} from "@tensorflow/tfjs-core";
import type { BatchLoss } from "./learner.ts";
import { encodeTexts, type Pooling } from "./text-vectors.ts";

/** What belongs together in a batch whose rows are `pairs` texts, then what belongs to each, then what belongs to none. */
export interface Contrast {
  readonly pairs: number;
  /**
   * `[pairs * candidates]`: 1 if a candidate that is not the text's own would be no mistake, as it says the same. The
   * candidates are all rows after the texts.
   */
  readonly alike: Uint8Array;
  readonly temperature: number;
}

/**
 * Mean of -log softmax_j(cos(text_i, candidate_j) / temperature) at j = i: each text is told from all others of its batch
 * (Henderson et al. 2017, arXiv 1705.00652; SimCSE, arXiv 2104.08821). It is MultipleNegativesRankingLoss of
 * sentence-transformers with a scale of 1 / temperature, but that candidates which say the same take no part.
 *
 * @param vectors `[rows, hidden]` of length 1
 */
export const contrastiveLoss = (vectors: Tensor, { pairs, alike, temperature }: Contrast): Tensor =>
  tidy(() => {
    const [rows, width] = vectors.shape as [number, number];
    const candidates = rows - pairs;
    const texts = slice(vectors, [0, 0], [pairs, width]);
    const others = slice(vectors, [pairs, 0], [candidates, width]);
    const likeness = div(matMul(texts, others, false, true), temperature); // [pairs, candidates]
    const own = new Float32Array(pairs * candidates);
    for (let i = 0; i < pairs; i++) own[i * candidates + i] = 1;
    const ignored = tensor2d(
      Float32Array.from(alike, (is) => is * -1e9),
      [pairs, candidates],
    );
    const right = sum(mul(likeness, tensor2d(own, [pairs, candidates])), 1);
    return mean(sub(logSumExp(add(likeness, ignored), 1), right));
  });

/** The contrastive loss of a batch through the encoder. */
export const contrastiveLossOf =
  (config: ModelConfig, pooling: Pooling, contrast: Contrast): BatchLoss =>
  (params, inputs, options) =>
    contrastiveLoss(encodeTexts(params, config, inputs, pooling, options), contrast);
