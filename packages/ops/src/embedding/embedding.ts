import { type Tensor, zeros } from "@tensorflow/tfjs-core";
import { checkRange, checkTensor } from "../check.ts";
import { differentiable } from "../differentiable.ts";
import { fused } from "../dispatch.ts";
import { embeddingGradWeight } from "./gradient.ts";
import { embeddingReference } from "./reference.ts";

export interface EmbeddingOptions {
  /**
   * The row of the padding token: it is looked up, but gets no gradient from here.
   *
   * @defaultValue every row gets its gradient
   */
  paddingId?: number;
}

/**
 * Row lookup. `ids [...]` int32, `weight [vocab, hidden]` -> `[..., hidden]`.
 * An id outside 0..vocab-1 throws if ids live on the host; on a device it reads a row of zeros and gets no gradient.
 */
export const embedding = (ids: Tensor, weight: Tensor, { paddingId }: EmbeddingOptions = {}): Tensor => {
  checkTensor("embedding", "weight", weight, ["vocab", "hidden"]);
  checkTensor("embedding", "ids", ids, ["..."], "int32");
  const [vocab, hidden] = weight.shape as [number, number];
  if (paddingId !== undefined) {
    const inside = Number.isInteger(paddingId) && paddingId >= 0 && paddingId < vocab;
    checkRange("embedding", `paddingId in 0..${vocab - 1}`, paddingId, inside);
  }
  return differentiable(
    [weight],
    (save) => {
      save(ids);
      if (ids.size * hidden === 0) return zeros([...ids.shape, hidden]);
      return fused("CramkitEmbedding", { ids, weight }, {}, () => embeddingReference(ids, weight));
    },
    (dy, [ids]) => [embeddingGradWeight(dy, ids!, vocab, paddingId)],
  );
};
