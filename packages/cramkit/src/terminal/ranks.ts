import { explain, fault } from "@cramkit/errors";
import type { Communicator } from "@cramkit/parallel";
import { isOfAllRanks, teamOf } from "@cramkit/recipes";
import { ownManifest } from "../own-manifest.ts";

/**
 * Runs work on every rank that a launcher (`mpirun`, `mpiexec`, `srun`) started, or on the one rank there is, for which
 * nothing is loaded. What all ranks fail of rank 0 says and the others keep silent; what one alone fails of ends the job, and
 * names the rank.
 */
export const onRanks = async (work: (ranks: Communicator | undefined) => Promise<void>): Promise<void> => {
  const { placement, startParallel } = await import("@cramkit/parallel");
  const placed = placement();
  if (placed === undefined || placed.size === 1) return work(undefined);
  let ranks: Communicator;
  try {
    ranks = startParallel({ placed });
  } catch (error) {
    // Mostly all ranks fail of it: the launcher ends the others once rank 0 has said so.
    if (placed.rank > 0) await new Promise((said) => setTimeout(said, 2000));
    throw ofRank(error, placed);
  }
  try {
    // Before anything is read: other versions may know other settings.
    await teamOf({ ranks }).agree({ "the version of cramkit": ownManifest().version });
    await work(ranks);
  } catch (error) {
    if (!isOfAllRanks(error)) throw ofRank(error, ranks);
    await ranks.dispose();
    if (ranks.rank === 0) throw error;
    process.exit(0); // the exit code of the job is rank 0's
  }
  await ranks.dispose();
};

const ofRank = (error: unknown, { rank, size }: { rank: number; size: number }): Error => {
  const { code, ...parts } = explain(error);
  const place = `rank ${rank} of ${size}${parts.place === undefined ? "" : `, ${parts.place}`}`;
  if (code === undefined) return new Error(`${place}: ${parts.problem}`, { cause: error });
  return fault({ ...parts, code, place, cause: error });
};
