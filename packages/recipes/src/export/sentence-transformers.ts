import { join } from "node:path";
import { writeFileAtomic } from "@cramkit/files";
import type { Task } from "@cramkit/finetune";
import type { SavedModel } from "../model/saved-model.ts";
import { writeJson } from "../run-record.ts";
import type { ExportTask } from "./export-task.ts";

/** How a model of embeddings makes a vector of hidden states. */
export interface EmbeddingExport {
  readonly pooling: "first" | "mean";
  /** Tokens of the longest text that it was trained for. */
  readonly maxLength: number;
}

/** What an export of hidden states must say of a model that was finetuned for embeddings; undefined of every other. */
export const embeddingOf = ({ published, config }: SavedModel, exported: ExportTask): EmbeddingExport | undefined => {
  const { task, maxLength } = (published?.config.cramkit ?? {}) as { task?: Task; maxLength?: number };
  if (exported !== "feature-extraction" || task?.kind !== "embedding") return undefined;
  return { pooling: task.pooling ?? "mean", maxLength: maxLength ?? config.maxLength };
};

/**
 * Writes what sentence-transformers looks for beside a model: its modules (encoder, pooling, length 1), how they pool, and the
 * longest text. transformers.js is told of the pooling in the call.
 */
export const writeSentenceTransformers = async (
  folder: string,
  { pooling, maxLength }: EmbeddingExport,
  dimension: number,
): Promise<void> => {
  const module = (idx: number, path: string, type: string) => ({
    ...{ idx, name: String(idx), path, type: `sentence_transformers.models.${type}` },
  });
  const modes = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"];
  const chosen = pooling === "mean" ? "mean_tokens" : "cls_token";
  await writeJson(join(folder, "1_Pooling", "config.json"), {
    word_embedding_dimension: dimension,
    ...Object.fromEntries(modes.map((mode) => [`pooling_mode_${mode}`, mode === chosen])),
  });
  await writeJson(join(folder, "sentence_bert_config.json"), { max_seq_length: maxLength, do_lower_case: false });
  const modules = [
    module(0, "", "Transformer"),
    module(1, "1_Pooling", "Pooling"),
    module(2, "2_Normalize", "Normalize"),
  ];
  // Its folder must be there, and has no settings.
  await writeFileAtomic(join(folder, "2_Normalize", "config.json"), "{}\n");
  // Last, as it makes the folder one for sentence-transformers.
  await writeJson(join(folder, "modules.json"), modules);
};
