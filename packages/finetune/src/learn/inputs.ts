import { type Inputs, inputsOf, type ModelConfig } from "@cramkit/model";
import type { InputBatch } from "../encode/batches.ts";

/** The tensors of a batch, with token types if the model tells any apart: RoBERTa has one, for both texts. The caller disposes of them, or calls it in a tidy. */
export const inputTensors = (config: ModelConfig, batch: InputBatch): Inputs =>
  inputsOf({
    batchSize: batch.size,
    seqLength: batch.seqLength,
    inputIds: batch.inputIds,
    attentionMask: batch.attentionMask,
    ...(config.typeVocabSize > 1 && { tokenTypeIds: batch.typeIds }),
  });
