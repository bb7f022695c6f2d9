import { type Tensor, zeros } from "@tensorflow/tfjs-core";
import { fused } from "../dispatch.ts";
import { lastAxis } from "../rows.ts";
import { embeddingGradWeightReference } from "./reference.ts";

/** `dy [..., hidden]`, `ids [...]` -> `[vocab, hidden]`. */
export const embeddingGradWeight = (dy: Tensor, ids: Tensor, vocab: number, paddingId = -1): Tensor =>
  dy.size === 0
    ? zeros([vocab, lastAxis(dy)])
    : fused("CramkitEmbeddingGradWeight", { dy, ids }, { vocab, paddingId }, () =>
        embeddingGradWeightReference(dy, ids, vocab, paddingId),
      );
