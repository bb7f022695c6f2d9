import { fault } from "@cramkit/errors";
import type { OpenedEmbeddingModel } from "./open-embedding-model.ts";
import type { VectorFile } from "./open-vectors.ts";

/**
 * The model as the vectors of a file were made with it.
 *
 * @throws a fault `invalid-input` over another model, whose vectors would be compared with those of the file
 */
export const requireSameModel = (
  model: OpenedEmbeddingModel,
  { origin }: Pick<VectorFile, "origin">,
  { file, modelPath }: { readonly file: string; readonly modelPath: string },
): OpenedEmbeddingModel => {
  const { digest, pooling, maxLength } = origin;
  if (model.digest === digest) return { ...model, pooling, maxLength };
  throw fault({
    code: "invalid-input",
    place: file,
    problem: `expected the model that made these vectors (SHA-256 ${digest.slice(0, 12)}), got ${modelPath} (${model.digest.slice(0, 12)})`,
    remedy: "name that model, or embed the texts anew with this one",
    type: RangeError,
  });
};
