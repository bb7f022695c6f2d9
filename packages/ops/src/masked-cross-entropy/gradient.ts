import type { Tensor } from "@tensorflow/tfjs-core";
import { fusedMany } from "../dispatch.ts";
import { type MaskedCrossEntropyInputs, maskedCrossEntropyGradReference } from "./reference.ts";

/** [loss, dhidden `[rows, n]`, dweight `[vocab, n]`, dbias `[vocab]`] for dloss = 1. */
export const maskedCrossEntropyWithGrad = (
  inputs: MaskedCrossEntropyInputs,
  chunkRows: number,
): [Tensor, Tensor, Tensor, Tensor] =>
  fusedMany("CramkitMaskedCrossEntropyGrad", { ...inputs }, { chunkRows }, () =>
    maskedCrossEntropyGradReference(inputs, chunkRows),
  );
