import { join } from "node:path";
import { checkOptions, fault } from "@cramkit/errors";
import { type EmbeddingModel, poolingOf, type Task } from "@cramkit/finetune";
import { finetuneFiles } from "../finetune/folder.ts";
import { type FindModelOptions, type ModelPlace, placeDigest } from "../open/find-model.ts";
import { openModel } from "../open/open-model.ts";
import { readJson } from "../run-record.ts";

/** A model that makes vectors, and what must be kept of it to make others like them. */
export interface OpenedEmbeddingModel extends EmbeddingModel {
  /** Where it lay. */
  readonly place: ModelPlace;
  /** SHA-256 over its files. */
  readonly digest: string;
  readonly pooling: "first" | "mean";
  readonly maxLength: number;
  /** Whether it was finetuned for embeddings; of another one the tokens' mean is taken. */
  readonly isFinetuned: boolean;
}

/**
 * Opens what `openModel` opens, to embed texts with. Wants a backend; the caller disposes of the weights.
 *
 * @throws a fault `not-found` over a folder that holds no model, and over a finetuning that was stopped
 */
export const openEmbeddingModel = async (
  path: string,
  options: FindModelOptions = {},
): Promise<OpenedEmbeddingModel> => {
  checkOptions("openEmbeddingModel", options, { checkpoint: true });
  const { request, model } = finetuneFiles(path);
  if ((await readJson(request)) && !(await readJson(join(model, "model_config.json"))))
    throw fault({
      code: "not-found",
      place: path,
      problem: "expected a finished finetuning, got one that was stopped",
      remedy: "give the command that began it again: it goes on",
    });
  const { place, published, ...opened } = await openModel(path, { ...options, encoderOnly: true });
  const { task, maxLength } = (published?.config.cramkit ?? {}) as { task?: Task; maxLength?: number };
  const own = { ...opened, ...(task && { task }), ...(maxLength && { maxLength }) };
  const digest = (await placeDigest(place)) ?? "";
  return { ...own, ...poolingOf(own), place, digest, isFinetuned: task?.kind === "embedding" };
};
