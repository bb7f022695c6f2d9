import { readings as readOptimizer } from "@cramkit/optim";
import type { Progress } from "@cramkit/trainer";
import { memory } from "@tensorflow/tfjs-core";
import type { TrainingOptimizer } from "../recipe/optimizer.ts";
import type { TrainingState } from "../snapshot/checkpoint-format.ts";
import { residentBytes } from "./resident-bytes.ts";
import type { Session } from "./session.ts";

/** So many steps in a row without finite gradients are not the search for a loss scale any more. */
const hopelessSteps = 40;

/** What a row of the metrics says besides the loss. Tells the guard of gradients that are never finite. */
export const trainingReadings = async (
  { guard, ledger }: Session,
  { learningRate, batchSize, microbatchSize }: Omit<TrainingOptimizer, "optimizer">,
  state: TrainingState,
  last: Progress,
): Promise<Record<string, number>> => {
  const { skippedInARow, microbatches, ...readings } = await readOptimizer(state.optimizer);
  if (skippedInARow! > hopelessSteps) guard.fail(`the gradients of ${skippedInARow} steps in a row were not finite`);
  const { longestCheckpointMs: _, ...spent } = ledger.spent();
  const device = memory() as { numBytesAllocatedInGPU?: number };
  return {
    learningRate: learningRate(last),
    batchSize: microbatches ? microbatches * microbatchSize : batchSize(last),
    ...readings,
    nonFiniteLosses: guard.state.nonFinite,
    rollbacks: guard.state.rollbacks,
    ...spent,
    hostMemoryBytes: residentBytes(),
    ...(device.numBytesAllocatedInGPU !== undefined && { deviceMemoryBytes: device.numBytesAllocatedInGPU }),
  };
};
