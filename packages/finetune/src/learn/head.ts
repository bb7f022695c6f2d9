import { type Head, init, type ModelConfig, type Params } from "@cramkit/model";
import { add } from "@tensorflow/tfjs-core";
import type { NamedTensors } from "../tensors/named-tensors.ts";

/** The encoder of a model under another head, with one rate of dropout throughout. */
export const withHead = (config: ModelConfig, head: Head, dropout: number): ModelConfig => ({
  ...config,
  dropout,
  attentionDropout: dropout,
  head,
});

/**
 * New weights of the configuration, with those of the pretrained encoder in their place. The head is new, but for what of it
 * the encoder was pretrained with, if it is of the same shape: BERT's pooler, ModernBERT's prediction head.
 */
export const initialised = (
  config: ModelConfig,
  seed: number,
  pretrained: NamedTensors | undefined,
  pooler: NamedTensors = {},
): Params => {
  const params: Record<string, NamedTensors[string]> = { ...init(config, seed) };
  for (const name of Object.keys(params)) {
    const isEncoder = name.startsWith("encoder.");
    const own = isEncoder || name.startsWith("prediction_head.") ? pretrained?.[name] : undefined;
    const weight = own ?? pooler[name];
    if (!weight || (!isEncoder && weight.shape.join() !== params[name]!.shape.join())) continue;
    params[name]!.dispose();
    // A copy of its own: a clone shares memory, into which an in-place optimizer would write.
    params[name] = add(weight, 0);
  }
  return params;
};
