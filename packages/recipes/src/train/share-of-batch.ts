import { fault } from "@cramkit/errors";
import type { Recipe } from "../recipe/recipe.ts";

/** Optimizers that look at one microbatch again once the mean of all is known: ranks would see different ones. */
const lookBack: readonly string[] = ["sophia", "adahessian"];

/**
 * Rows of a rank's microbatch: at most `wanted`, and such that the ranks together come to the recipe's batch.
 *
 * @throws a fault `unsupported` for what ranks cannot share
 */
export const shareOf = ({ training, backend }: Recipe, ranks: number, wanted: number): number => {
  const { batchSize, optimizer, groups, progressiveBatch } = training;
  const names = [optimizer, ...groups.map((group) => group.optimizer)].map(({ name }) => name as string);
  const refused = [
    ...(progressiveBatch ? ["training.progressiveBatch"] : []),
    ...names.filter((name) => lookBack.includes(name)).map((name) => `training.optimizer.name=${name}`),
    ...(names.includes("sam") && backend.precision === "mixed" ? ["sam with backend.precision=mixed"] : []),
  ];
  if (refused.length > 0)
    throw fault({
      code: "unsupported",
      problem: `expected settings that ${ranks} ranks can share, got ${refused[0]}`,
      remedy: "change that setting, or train with one rank",
    });
  if (batchSize % ranks !== 0)
    throw fault({
      code: "unsupported",
      place: "training.batchSize",
      problem: `expected a multiple of the ${ranks} ranks, so that each has as many rows, got ${batchSize}`,
      remedy: "change it, or the number of ranks",
    });
  const share = batchSize / ranks;
  return Math.ceil(share / Math.ceil(share / wanted));
};
