import { hasCode, problemOf } from "@cramkit/errors";
import type { Progress } from "@cramkit/trainer";
import type { Snapshot } from "../snapshot/checkpoint-format.ts";
import { isFileError } from "./saver.ts";
import type { Session } from "./session.ts";

/** Decides when a checkpoint is written, and what follows if that fails. */
export interface CheckpointKeeper {
  /** Writes one at the very beginning. */
  first(): Promise<void>;
  /** Writes one while the training goes on, whether or not the disk takes it; `score` is its held-out loss. */
  onTheWay(score?: number): Promise<void>;
  /** Writes the final checkpoint, unless the last one is identical. Resolves once it is durable. */
  atLast(): Promise<void>;
  /** Whether the last one is older than the recipe wants. */
  isDue(): boolean;
}

export interface KeeperOptions {
  /** Where the training stands. */
  readonly progress: () => Progress;
  readonly take: () => Promise<Snapshot>;
  /** The checkpoint that the training began from. */
  readonly from: Snapshot | undefined;
}

/** After a checkpoint that could not be written, the next try. */
const retryMs = 60_000;

export const createCheckpointKeeper = (
  { spec, context, saver, ledger, guard }: Session,
  { progress, take, from }: KeeperOptions,
): CheckpointKeeper => {
  const everyMs = spec.recipe.checkpoints.minutes * 60_000;
  let saved: { microbatch?: number; fraction?: number; score?: number; at: number } = {
    ...from?.progress,
    at: performance.now(),
  };
  const save = async (score?: number) => {
    await ledger.time("checkpointMs", () => saver.save(take, score));
    saved = { ...progress(), score, at: performance.now() };
  };
  return {
    async first() {
      await save();
      await saver.settled();
    },
    async onTheWay(score) {
      try {
        await save(score);
      } catch (error) {
        if (hasCode(error, "not-finite")) return guard.fail(problemOf(error)); // back to one that is
        if (!isFileError(error)) throw error;
        context.say(`no checkpoint: ${problemOf(error)}; training continues and tries again in a minute`);
        saved = { ...saved, at: performance.now() - Math.max(0, everyMs - retryMs) };
      }
    },
    async atLast() {
      const isWritten = await saver.isWritten();
      const { microbatch, fraction } = progress();
      const isSame = saved.microbatch === microbatch;
      if (!isWritten || !isSame || saved.fraction !== fraction) await save(isSame ? saved.score : undefined);
      await saver.settled();
    },
    isDue: () => performance.now() - saved.at > everyMs,
  };
};
