import { type NamedTensors, tensorsOf } from "../named-tensors.ts";
import type { SavedModel } from "./saved-model.ts";

/** Names of what may stand below a layer of labels, in the files of `transformers`, and ours. */
const parts = [
  [/^(bert\.)?pooler\.dense\.(?=(weight|bias)$)/, "pooler.dense."],
  [/^head\.(?=(dense|norm)\.(weight|bias)$)/, "prediction_head."],
] as const;

/**
 * What of a head the pretraining of a published encoder has trained, under our names: BERT's pooler, which the study finetunes
 * instead of a new one, and ModernBERT's prediction head. The caller disposes of it.
 */
export const pretrainedHead = ({ published }: Omit<SavedModel, "params">): NamedTensors => {
  const entries = (published?.rest ?? []).flatMap((entry) => {
    const [theirs, ours] = parts.find(([pattern]) => pattern.test(entry.name)) ?? [];
    return theirs ? [{ ...entry, name: entry.name.replace(theirs, ours!) }] : [];
  });
  return tensorsOf(entries);
};
