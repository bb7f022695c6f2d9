import { type CheckpointChoice, checkpointChoice } from "@cramkit/recipes";
import { InvalidArgumentError } from "commander";

const parse = (text: string): CheckpointChoice => {
  const choice = checkpointChoice(text);
  if (choice !== undefined) return choice;
  throw new InvalidArgumentError("expected latest, best, or the number of a microbatch");
};

/** The option that takes a checkpoint of a run in place of the model that the run left. */
export const checkpointOption = [
  "--checkpoint <which>",
  "checkpoint of a run: latest, best, or the number of its microbatch (default: the model that the run left)",
  parse,
] as const;
