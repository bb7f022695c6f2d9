import { type ModelConfig, parameterShapes } from "@cramkit/model";
import { matchesName, wholeParts } from "@cramkit/optim";
import type { Recipe } from "../recipe/recipe.ts";

/** One line on the parameters that keep their first values, with their names; undefined if all train. */
export const describeFrozen = ({ training: { frozen } }: Recipe, config: ModelConfig): string | undefined => {
  const shapes = parameterShapes(config);
  const still = shapes.filter(({ name }) => matchesName(name, frozen.map(wholeParts)));
  if (still.length === 0) return undefined;
  const values = (list: typeof shapes) => list.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const share = `${values(still).toLocaleString("en-US")} of ${values(shapes).toLocaleString("en-US")} values`;
  return `frozen: ${still.length} of ${shapes.length} tensors, ${share}: ${still.map(({ name }) => name).join(", ")}`;
};
