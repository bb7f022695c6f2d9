import { encode, inputsOf, type ModelConfig, type Params, predictTokens } from "@cramkit/model";
import { embedding } from "@cramkit/ops";
import type { MaskedBatch } from "@cramkit/packer";
import { reshape, type Tensor, tensor1d, tidy } from "@tensorflow/tfjs-core";

type Options = Parameters<typeof encode>[3];

/** Logits at the masked positions: `[count, vocab]`. */
export const maskedLogits = (params: Params, config: ModelConfig, batch: MaskedBatch, options?: Options): Tensor =>
  tidy(() => {
    const rows = reshape(encode(params, config, inputsOf(batch), options), [-1, config.hidden]);
    return predictTokens(params, config, embedding(tensor1d(batch.positions, "int32"), rows));
  });
