import { hasCode } from "@cramkit/errors";
import { init, type ModelConfig, valueAndNamedGrads } from "@cramkit/model";
import type { MaskedBatch } from "@cramkit/packer";
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
  /**
   * Runs a pass, or throws `Interrupted` in its middle.
   *
   * @defaultValue every pass is finished
   */
  readonly stoppable?: <T>(work: () => T) => T;
}

/** The recipe's microbatch size; for "auto" the fastest one that fits into memory, by trial. */
export const chooseMicrobatch = async (
  { recipe, config, prepared, restart, stoppable = (work) => work() }: MicrobatchChoice,
  context: RunContext,
): Promise<number> => {
  const { microbatchSize, batchSize } = recipe.training;
  if (microbatchSize !== "auto") return microbatchSize;
  const pause = stopPoint(context, "stopped before the training; the prepared data is kept, the same command goes on");
  const params = init(config, recipe.seed);
  const loss = trainingLoss(config, recipe.training.loss);
  const pass = async (batch: MaskedBatch) => {
    await pause();
    const { value, grads } = stoppable(() => valueAndNamedGrads(params, (live) => loss(live, batch)));
    await value.data();
    value.dispose();
    disposeTensors(grads);
  };
  let ranOut = false;
  try {
    const found = await findMicrobatch({
      max: Math.min(batchSize, 512, prepared.training.rowCount),
      async attempt(size) {
        try {
          return await rateOf(size, recipe, prepared, pass);
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
  recipe: Recipe,
  prepared: Prepared,
  pass: (batch: MaskedBatch) => Promise<void>,
): Promise<number> => {
  const batches = trainingBatches(recipe, prepared, { batchSize: size });
  const { value: first } = await batches.next();
  await pass(first!.batch);
  const startedAt = performance.now();
  await pass(first!.batch);
  return size / ((performance.now() - startedAt) / 1000);
};

/** The size to go on with when one did not fit into memory; undefined below one row. */
export const smallerMicrobatch = (size: number): number | undefined => (size > 1 ? Math.floor(size / 2) : undefined);
