import type { ModelConfig } from "@cramkit/model";
import type { Compute } from "../compute.ts";
import type { EvaluationSet } from "../evaluate/evaluate.ts";
import type { Prepared } from "../prepare/prepare.ts";
import type { RunContext } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";

/** What the stages of a run work on. */
export interface OpenRun {
  readonly recipe: Recipe;
  readonly folder: string;
  readonly prepared: Prepared;
  readonly config: ModelConfig;
  readonly compute: Compute;
  readonly heldOut: EvaluationSet;
  /** Writes the run's record again if somebody removed its folder. */
  readonly restore: () => Promise<void>;
  readonly context: RunContext;
}

/** A part of a run that is done once. */
export interface RunStage {
  /** Whether the folder holds all that the stage leaves, made from what it would be made from now. */
  isDone(recipe: Recipe, folder: string): Promise<boolean>;
  run(run: OpenRun): Promise<void>;
}
