import { hasCode, problemOf } from "@cramkit/errors";
import type { RunContext } from "../progress.ts";
import { describeFrozen } from "./frozen-parameters.ts";
import { chooseMicrobatch, smallerMicrobatch } from "./microbatch.ts";
import { openSession, type PretrainSpec } from "./session.ts";
import { shareOf } from "./share-of-batch.ts";
import { type Pretrained, trainFrom } from "./training.ts";
import { isThrownByAll } from "./whole-loss.ts";

/**
 * Trains until the budget is used up, resuming if the run folder has a checkpoint, and keeps one at the end. If
 * memory runs out it goes back to the last checkpoint with half the microbatch. The caller disposes of the parameters.
 */
export const pretrain = async (spec: PretrainSpec, context: RunContext): Promise<Pretrained> => {
  const session = await openSession(spec, context);
  const { checkpoints, saver, team } = session;
  try {
    const frozen = describeFrozen(spec.recipe, spec.config);
    if (frozen) context.say(frozen);
    let snapshot = session.resumed;
    const { microbatchSize } = spec.recipe.training;
    // Memory may have run out before, so the size of the checkpoint holds, unless another was asked for since.
    const isKept = (snapshot?.run.settings?.microbatchSize ?? microbatchSize) === microbatchSize;
    const wanted = (isKept && snapshot?.run.microbatchSize) || (await team.lead(() => chooseMicrobatch(spec, context)));
    let size = team.size === 1 ? wanted : await team.lead(() => shareOf(spec.recipe, team.size, wanted));
    for (;;) {
      try {
        return await trainFrom(session, snapshot, size);
      } catch (error) {
        const smaller = smallerMicrobatch(size);
        // Of several ranks one alone may have run out elsewhere than in a gradient: its error ends the job.
        const isDecided = team.size === 1 || isThrownByAll(error);
        if (!hasCode(error, "out-of-memory") || smaller === undefined || !isDecided) throw error;
        size = team.size === 1 ? smaller : shareOf(spec.recipe, team.size, smaller);
        context.say(`${problemOf(error)}: going on from the last checkpoint with microbatches of ${size} rows`);
        await saver.isWritten();
        await spec.restart?.();
        snapshot = (await checkpoints.latest())?.state;
      }
    }
  } finally {
    session.close();
  }
};
