import { fault, hasCode } from "@cramkit/errors";
import { listCheckpoints } from "@cramkit/trainer/node";
import { findModel, placeDigest } from "../open/find-model.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { type RunData, type RunOrigin, readRecord, runFiles } from "../run-record.ts";
import { readOrigin } from "./origin.ts";
import { requireOriginFits } from "./require-fit.ts";

/**
 * What a run goes on from, as its record keeps it; undefined if it begins with random weights. A run that has begun needs
 * its origin no more if it has a checkpoint: one that is gone does no harm, one that has changed is an error.
 *
 * @throws a fault `invalid-input` over a model that does not fit, `version-mismatch` over another model than the run began with
 */
export const checkOrigin = async (
  recipe: Recipe,
  folder: string,
  say: (line: string) => void,
): Promise<RunOrigin | undefined> => {
  const { from } = recipe.training;
  if (from === null) return undefined;
  const files = runFiles(folder);
  const begun = (await readRecord<RunData>(files.data))?.origin;
  const hasWeights = begun !== undefined && (await listCheckpoints(files.checkpoints)).length > 0;
  try {
    const digest = await placeDigest(await findModel(from));
    if (begun && digest !== undefined && digest !== begun.digest)
      throw fault({
        code: "version-mismatch",
        place: from,
        problem: `expected the model that ${folder} began with (SHA-256 ${begun.digest.slice(0, 16)}), got another (${digest.slice(0, 16)})`,
        remedy: hasWeights
          ? `put it back, or move it away: ${folder} has checkpoints of its own to go on from`
          : "put it back, or begin a run in another folder",
      });
    const origin = await readOrigin(from);
    requireOriginFits(recipe, origin);
    return { from, digest: digest! };
  } catch (error) {
    if (!hasWeights || !hasCode(error, "not-found")) throw error;
    say(`${from}, which the run began with, is gone: going on from its own checkpoint`);
    return begun;
  }
};
