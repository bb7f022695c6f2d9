import type { Optimizer, Updating } from "@cramkit/optim";
import type { AlongHorizon } from "../recipe/horizon.ts";
import type { TrainingOptimizer } from "../recipe/optimizer.ts";

/** A recipe's optimizer, whose schedule and batch ramp go along a horizon. */
export const planAlong = <R extends Updating>(
  along: AlongHorizon,
  plan: TrainingOptimizer<R>,
): TrainingOptimizer<R> => {
  const { optimizer } = plan;
  const update: Optimizer<R>["update"] = (grads, state, params, progress, gradScale) =>
    optimizer.update(grads, state, params, along(progress), gradScale);
  return {
    ...plan,
    optimizer: { ...optimizer, update },
    learningRate: (progress) => plan.learningRate(along(progress)),
    batchSize: (progress) => plan.batchSize(along(progress)),
  };
};
