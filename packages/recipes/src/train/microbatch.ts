import { hasCode } from "@cramkit/errors";
import { init, type ModelConfig, type Params, valueAndNamedGrads } from "@cramkit/model";
import { findMicrobatch } from "@cramkit/trainer";
import { disposeTensors } from "../named-tensors.ts";
import type { Prepared } from "../prepare/prepare.ts";
import { type RunContext, stopPoint } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { trainingLoss } from "../recipe/training-loss.ts";
import { trainingBatches } from "./batches.ts";

export interface MicrobatchChoice {
  readonly recipe: Recipe;
  readonly config: ModelConfig;
  readonly prepared: Prepared;
  /**
   * Starts the backend anew, after memory ran out.
   *
   * @defaultValue it is not started anew
   */
  readonly restart?: () => Promise<void>;
}

/** The recipe's microbatch size; for "auto" the fastest one that fits into memory, by trial. */
export const chooseMicrobatch = async (
  { recipe, config, prepared, restart }: MicrobatchChoice,
  context: RunContext,
): Promise<number> => {
  const { microbatchSize, batchSize } = recipe.training;
  if (microbatchSize !== "auto") return microbatchSize;
  const pause = stopPoint(context, "stopped before the training; the prepared data is kept, the same command goes on");
  const params = init(config, recipe.seed);
  let ranOut = false;
  try {
    const found = await findMicrobatch({
      max: Math.min(batchSize, 512, prepared.training.rowCount),
      async attempt(size) {
        try {
          return await rateOf(size, params, config, recipe, prepared, pause);
        } catch (error) {
          ranOut = hasCode(error, "out-of-memory");
          throw error;
        }
      },
    });
    context.say(`microbatches of ${found} rows, found by trial`);
    return found;
  } finally {
    disposeTensors(params);
    if (ranOut) await restart?.();
  }
};

/** Examples per second of forward and backward, after one pass to warm up. */
const rateOf = async (
  size: number,
  params: Params,
  config: ModelConfig,
  recipe: Recipe,
  prepared: Prepared,
  pause: () => Promise<void>,
): Promise<number> => {
  const batches = trainingBatches(recipe, prepared, { batchSize: size });
  const { value: first } = await batches.next();
  const loss = trainingLoss(config, recipe.training.loss);
  const pass = async () => {
    await pause();
    const { value, grads } = valueAndNamedGrads(params, (live) => loss(live, first!.batch));
    await value.data();
    value.dispose();
    disposeTensors(grads);
  };
  await pass();
  const startedAt = performance.now();
  await pass();
  return size / ((performance.now() - startedAt) / 1000);
};

/** The size to go on with when one did not fit into memory; undefined below one row. */
export const smallerMicrobatch = (size: number): number | undefined => (size > 1 ? Math.floor(size / 2) : undefined);
