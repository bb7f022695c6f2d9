import { type ModelConfig, parameterShapes } from "@cramkit/model";
import {
  matchesName,
  type ParameterShapes,
  type StudyHyperparameters,
  type StudyOptimizerName,
  stepProducts,
  wholeParts,
} from "@cramkit/optim";
import { batchRamp } from "@cramkit/scheduler";
import { flopsPerToken } from "./flops.ts";
import type { OptimizerName } from "./optimizer-settings.ts";
import type { Recipe } from "./recipe.ts";
import { trainedLength } from "./trained-length.ts";

type Counted = Pick<Recipe, "rows" | "masking" | "training">;

/** Operations that a step does with each parameter, products of matrices aside: about AdamW's, with clipping and accumulation. */
const operationsPerParameter = 20;

/** Operations of one step of a recipe's optimizer: those of Muon's and Shampoo's products, and some for each parameter. */
export const optimizerFlops = (config: ModelConfig, { training }: Counted): number => {
  const { frozen, groups, optimizer } = training;
  const still = frozen.map(wholeParts);
  const own = groups.map((group) => ({ params: group.params.map(wholeParts), optimizer: group.optimizer }));
  /** By the group's place; the last are those of no group. */
  const shapes: Record<string, readonly number[]>[] = [...own.map(() => ({})), {}];
  let parameters = 0;
  for (const { name, shape } of parameterShapes(config)) {
    if (matchesName(name, still)) continue;
    const group = own.findIndex(({ params }) => matchesName(name, params));
    shapes.at(group)![name] = shape;
    parameters += shape.reduce((product, size) => product * size, 1);
  }
  const products = [...own.map((group) => group.optimizer), optimizer].map((settings, i) =>
    productsOf(settings, shapes[i]!),
  );
  return products.reduce((sum, flops) => sum + flops, operationsPerParameter * parameters);
};

const productsOf = ({ name, ...hyperparameters }: { name: OptimizerName }, shapes: ParameterShapes): number => {
  const study: StudyOptimizerName = name === "adamw" ? "adam" : name;
  return stepProducts(study, hyperparameters as unknown as StudyHyperparameters[typeof study], shapes);
};

/**
 * Operations of a token of training, the optimizer's included: what a budget in flops is counted in. The batch is that of a ramp
 * over a share of the budget whose microbatch is known, on average; of any other, the last one.
 */
export const spentFlopsPerToken = (config: ModelConfig, recipe: Counted): number =>
  flopsPerToken(config, recipe) + (optimizerFlops(config, recipe) * stepsPerRow(recipe)) / trainedLength(recipe);

/** Steps for each row, over the whole budget. */
const stepsPerRow = ({ training: { batchSize, batchRamp: ramp, microbatchSize } }: Counted): number => {
  if (ramp >= 1 || microbatchSize === "auto") return 1 / batchSize;
  const examples = batchRamp({ batchSize, microbatchSize, ramp });
  const points = 256;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const fraction = (i + 0.5) / points;
    const progress = { microbatch: 0, step: 0, examples: 0, tokens: 0, elapsedMs: 0, fraction };
    sum += 1 / examples(progress);
  }
  return sum / points;
};
