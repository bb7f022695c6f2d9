import { fault } from "@cramkit/errors";
import { sequenceCurriculum } from "@cramkit/scheduler";
import type { Recipe } from "./recipe.ts";

type Fields = Pick<Recipe, "rows" | "training">;

/** Tokens of a row that the training sees, before a curriculum cuts it. */
export const trainedLength = ({ rows, training }: Fields): number =>
  Math.floor(rows.seqLength * (1 - training.tokenDrop));

/**
 * The length into which a recipe cuts its rows, as a function of the progress; undefined if it leaves them whole.
 *
 * @throws RangeError if a length does not divide the rows, or the curriculum is not one
 */
export const sequenceCurriculumOf = (recipe: Fields): ReturnType<typeof sequenceCurriculum> | undefined => {
  const { sequenceCurriculum: curriculum } = recipe.training;
  if (curriculum === null) return undefined;
  const tokens = trainedLength(recipe);
  const { unfold, ...steps } = curriculum;
  const odd = curriculum.lengths.find((length) => (unfold ? tokens % length !== 0 : length > tokens));
  if (odd !== undefined)
    throw fault({
      code: "invalid-input",
      place: "training.sequenceCurriculum",
      problem: `expected lengths that ${unfold ? "divide" : "are at most"} the ${tokens} tokens of a row, got ${odd}`,
      type: RangeError,
    });
  return sequenceCurriculum(steps);
};
