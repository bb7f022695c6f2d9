import { rootProducts } from "./inverse-root.ts";
import { isHiddenMatrix } from "./muon.ts";
import type { StudyHyperparameters, StudyOptimizerName } from "./study.ts";

/** Shapes by the names of parameters. */
export type ParameterShapes = Readonly<Record<string, readonly number[]>>;

/**
 * Floating-point operations of the matrix products of one step, two for each multiplication and addition: Muon's and Shampoo's,
 * whose roots count with their share of a step; 0 for what works element by element.
 */
export const stepProducts = <N extends StudyOptimizerName>(
  name: N,
  hyperparameters: StudyHyperparameters[N],
  shapes: ParameterShapes,
): number => {
  const matrices = Object.entries(shapes).filter(([, shape]) => shape.length === 2) as [string, [number, number]][];
  let sum = 0;
  if (name === "muon") {
    const { iterations } = hyperparameters as StudyHyperparameters["muon"];
    for (const [param, shape] of matrices) if (isHiddenMatrix(param, 2)) sum += iterations * orthogonalProducts(shape);
  }
  if (name === "shampoo") {
    const { every, longest } = hyperparameters as StudyHyperparameters["shampoo"];
    for (const [, shape] of matrices) sum += preconditionedProducts(shape, { every, longest });
  }
  return sum;
};

/** An iteration of Muon: y y^T, its square, and their product with y, where y lies on its long side. */
const orthogonalProducts = ([out, inner]: [number, number]): number => {
  const [short, long] = [Math.min(out, inner), Math.max(out, inner)];
  return 2 * short * short * (long + short + long);
};

/** A step of Shampoo: statistics, roots and preconditioning of each side that is not too long. */
const preconditionedProducts = (
  shape: [number, number],
  { every, longest }: { readonly every: number; readonly longest: number },
): number => {
  const sides = shape.filter((side) => side <= longest);
  const power = sides.length === 2 ? 4 : 2;
  const own = (side: number) => 4 * side * shape[0] * shape[1] + rootProducts(side, power) / every;
  return sides.reduce((sum, side) => sum + own(side), 0);
};
