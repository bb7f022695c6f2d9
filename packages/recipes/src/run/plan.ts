import { countFlops, init, type ModelConfig } from "@cramkit/model";
import { type EvaluationSet, heldOutLoss } from "../evaluate/evaluate.ts";
import { disposeTensors } from "../named-tensors.ts";
import { budgetLimits } from "../recipe/budget.ts";
import { spentFlopsPerToken } from "../recipe/optimizer-flops.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** A run that is about to begin. */
interface Beginning {
  readonly recipe: Recipe;
  readonly config: ModelConfig;
  /** Training rows that were prepared. */
  readonly rows: number;
  readonly heldOut: EvaluationSet;
  /** Whether evaluation and probes follow. */
  readonly evaluates: boolean;
  /** The mean length of a probe's batch, in tokens; 0 without probes. */
  readonly probeLength: number;
  /**
   * Ranks that share the training, as fast as this one each.
   *
   * @defaultValue `1`
   */
  readonly ranks?: number;
}

/** Work around a training, in tokens that go through the model forward: backward counts twice. */
interface PlannedTokens {
  /** Undefined for a budget of time. */
  readonly training: number | undefined;
  /** Held-out losses on the way. */
  readonly onTheWay: number;
  readonly evaluation: number;
  readonly probes: number;
}

/** A step goes forward, and backward twice, to the inputs and to the weights. */
const passes = 3;
/** Two models, the trained one and the same one untrained, on two probes. */
const probeRuns = 4;
/** Tokens that the limits of a budget come to, the nearest of them; undefined if it is of time alone. */
const trainingTokens = ({
  recipe,
  config,
  rows,
}: Pick<Beginning, "recipe" | "config" | "rows">): number | undefined => {
  const { seqLength } = recipe.rows;
  const { tokens, flops, steps, epochs } = budgetLimits(recipe.training.budget);
  const counts = [
    tokens,
    flops && flops / spentFlopsPerToken(config, recipe),
    steps && steps * recipe.training.batchSize * seqLength,
    epochs && epochs * rows * seqLength,
  ].filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : Math.min(...counts);
};

/** Counts what a run will compute. */
export const plannedTokens = (beginning: Beginning): PlannedTokens => {
  const { recipe, config, rows, heldOut, evaluates, probeLength } = beginning;
  const { seqLength } = recipe.rows;
  const { every, probes } = recipe.evaluation;
  const scored = Math.min(heldOut.rows, heldOut.source.rowCount) * seqLength;
  const tokens = trainingTokens({ recipe, config, rows });
  const examples = probes.examples * probes.epochs * passes + probes.examples / 4;
  return {
    training: tokens === undefined ? undefined : passes * tokens,
    onTheWay: Math.ceil(1 / every) * scored,
    evaluation: evaluates ? 2 * scored : 0, // the unigram model costs nothing
    probes: evaluates ? probes.trials * probeRuns * examples * probeLength : 0,
  };
};

/** Passes through the same text beyond which a warning says so. */
const manyEpochs = 16;

/**
 * A warning for a run that sees its rows more than 16 times: from there on, another pass is worth next to nothing beside new text
 * (Muennighoff et al., arXiv 2305.16264, section 5; causal models there). Undefined otherwise.
 */
export const epochsWarning = (tokens: number, { recipe, rows }: Pick<Beginning, "recipe" | "rows">) => {
  const epochs = tokens / (rows * recipe.rows.seqLength);
  if (epochs <= manyEpochs) return undefined;
  const times = Math.round(Number(epochs.toPrecision(3))).toLocaleString("en-US");
  return `warning: this run sees its ${rows.toLocaleString("en-US")} rows about ${times} times; beyond ${manyEpochs} times it mostly learns them by heart: give more text, or a smaller training.budget`;
};

/** What a token costs in a probe, which predicts no words, as a share of what it costs where held-out text is scored. */
export const probeCost = ({ recipe, config }: Pick<Beginning, "recipe" | "config">): number => {
  const { evaluation, masking, rows } = recipe;
  const cost = (predictedShare: number) => countFlops(config, rows.seqLength, { predictedShare }).perToken;
  return cost(0) / cost(evaluation.maskProbability ?? masking.probability);
};

/** Time in the unit that a person would say. */
export const spoken = (seconds: number): string => {
  if (seconds < 99.5) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} hours` : `${(seconds / 86_400).toFixed(1)} days`;
};

/** Rows that are scored to see how fast this machine is. */
const measuredRows = 16;

/** As often at most, and no longer than so many seconds after the first two. */
const measurements = 6;
const measuringSeconds = 2;

/** Seconds of a token forward, of the fastest of several batches: the first ones compile, and what comes later does not. */
const measured = async ({ recipe, config, heldOut }: Beginning): Promise<number> => {
  const rows = Math.min(measuredRows, heldOut.source.rowCount);
  const params = init(config, recipe.seed);
  try {
    const beganAt = performance.now();
    let least = Number.POSITIVE_INFINITY;
    for (let done = 0; done < measurements; done++) {
      const startedAt = performance.now();
      await heldOutLoss(params, config, { ...heldOut, rows });
      const now = performance.now();
      if (done > 0) least = Math.min(least, now - startedAt); // the first one compiles
      if (done > 0 && now - beganAt > 1000 * measuringSeconds) break;
    }
    return least / 1000 / (rows * recipe.rows.seqLength);
  } finally {
    disposeTensors(params);
  }
};

/**
 * What a run is about to do, and about how long it takes by the time of held-out batches on this machine; with a warning
 * if it sees its rows too often. Leaves no tensors.
 */
export const planOf = async (beginning: Beginning): Promise<string[]> => {
  const { recipe, ranks = 1 } = beginning;
  const tokens = plannedTokens(beginning);
  const perToken = await measured(beginning);
  const { budget } = recipe.training;
  const { hours = Number.POSITIVE_INFINITY } = budgetLimits(budget);
  const seconds = Math.min(
    3600 * hours,
    (perToken / ranks) * ((tokens.training ?? Number.POSITIVE_INFINITY) + tokens.onTheWay),
  );
  const after = [
    ...(tokens.evaluation > 0 ? [`evaluation ${spoken(perToken * tokens.evaluation)}`] : []),
    ...(tokens.probes > 0
      ? [
          `probes ${spoken(perToken * probeCost(beginning) * tokens.probes)} (evaluation.probes.trials=0 leaves them out)`,
        ]
      : []),
  ];
  const first = tokens.training === undefined ? `training ${budget}` : `training ${budget}, about ${spoken(seconds)}`;
  const rest = after.length > 0 ? `; then about ${after.join(" and ")}` : "";
  const warning = epochsWarning(
    Math.min((seconds * ranks) / perToken, tokens.training ?? Number.POSITIVE_INFINITY) / passes,
    beginning,
  );
  return [`plan: ${first}${rest}, by the time of a batch here`, ...(warning === undefined ? [] : [warning])];
};
