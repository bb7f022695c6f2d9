import { productNames, type SuiteOptions, toggleNames } from "../measure/suite.ts";
import type { Part } from "../runner/run.ts";

/**
 * What a GPU is asked in a few minutes, what matters most first: the training step beside PyTorch, whether the kernels are
 * right, where the step goes, which variants of kernels win, then the rest. A part may take what it needs of the budget up to
 * its own limit; in `quick`, everything is a toy.
 */
export const gpuPlan = (
  options: Pick<SuiteOptions, "quick" | "python">,
  backend: "webgpu" | "cuda" = "webgpu",
): Part[] => {
  const at = (batch: number) => (options.quick ? "tiny" : `crammed-bert:batch=${batch}`);
  const part = (suite: string, precision: SuiteOptions["precision"], seconds: number, ...batches: number[]): Part => ({
    suite,
    options: { ...options, backend, precision, shapes: batches.map(at) },
    // A software adapter compiles for minutes.
    limitMs: (options.quick ? 600 : seconds) * 1000,
  });
  /** What Dawn's own checks cost. */
  const unchecked = (one: Part): Part => ({ ...one, options: { ...one.options, toggles: toggleNames } });
  /** The same with other products: which of them wins has to be measured before it can be the default. */
  const by = (products: SuiteOptions["products"], one: Part): Part => ({
    ...one,
    options: { ...one.options, products },
  });
  const rivals = productNames.filter((name) => name !== "mma");
  const parts = [
    part("machine", "mixed", 40),
    part("model", "mixed", 60, 128),
    part("pytorch", "mixed", 100, 128),
    part("conformance", "mixed", 40),
    part("machine", "float32", 40),
    part("model", "float32", 60, 128),
    part("kernels", "mixed", 30, 128),
    unchecked(part("model", "mixed", 45, 128)),
    part("sweep", "mixed", 75, 128),
    part("model", "mixed", 45, 64),
    part("model", "mixed", 45, 256),
    part("sweep", "float32", 60, 128),
    part("conformance", "float32", 60),
    part("kernels", "float32", 30, 128),
    part("ops", "mixed", 60, 128),
    part("model", "float32", 45, 64),
    part("model", "float32", 45, 256),
    part("sweep", "mixed", 60, 64, 256),
    part("pytorch", "mixed", 90, 64),
    part("pytorch", "mixed", 90, 256),
    part("loop", "mixed", 45, 128),
    part("optim", "mixed", 45, 128),
    part("ops", "float32", 60, 128),
    part("stock-tfjs", "float32", 60, 128),
  ];
  // What has never run on a card is checked first, and what is measured then is measured beside PyTorch in the same run.
  const onCuda = [
    part("conformance", "mixed", 60),
    part("conformance", "float32", 60),
    part("machine", "mixed", 40),
    part("model", "mixed", 60, 128),
    part("pytorch", "mixed", 100, 128),
    part("kernels", "mixed", 30, 128),
    ...rivals.map((products) => by(products, part("conformance", "mixed", 40))),
    ...rivals.map((products) => by(products, part("model", "mixed", 45, 128))),
    part("ops", "mixed", 45, 128),
    ...rivals.map((products) => by(products, part("ops", "mixed", 45, 128))),
    ...rivals.map((products) => by(products, part("machine", "mixed", 30))),
    part("model", "mixed", 45, 64),
    part("model", "mixed", 45, 256),
    part("pytorch", "mixed", 90, 64),
    part("model", "float32", 60, 128),
    part("optim", "mixed", 45, 128),
    part("loop", "mixed", 45, 128),
  ];
  if (backend === "cuda") return withoutRepetition(onCuda);
  return withoutRepetition(parts);
};

/** Toys of other batches are the same toys. */
const withoutRepetition = (parts: readonly Part[]): Part[] => {
  const nameOf = ({ suite, options: { precision, shapes, toggles, products } }: Part) =>
    `${suite} ${precision} ${shapes[0]} ${toggles} ${products}`;
  return parts.filter((one, i) => parts.findIndex((other) => nameOf(other) === nameOf(one)) === i);
};
