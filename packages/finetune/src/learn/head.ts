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
 * New weights of the configuration, with those of the pretrained encoder in their place. The head is new, but for a pooler
 * that the encoder was pretrained with, as BERT was, if it is of the same shape.
 */
export const initialised = (
  config: ModelConfig,
  seed: number,
  pretrained: NamedTensors | undefined,
  pooler: NamedTensors = {},
): Params => {
  const params: Record<string, NamedTensors[string]> = { ...init(config, seed) };
  for (const name of Object.keys(params)) {
    const weight = name.startsWith("encoder.") ? pretrained?.[name] : pooler[name];
    if (!weight || (pooler[name] && weight.shape.join() !== params[name]!.shape.join())) continue;
    params[name]!.dispose();
    // A copy of its own: a clone shares memory, into which an in-place optimizer would write.
    params[name] = add(weight, 0);
  }
  return params;
};
