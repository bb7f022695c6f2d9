/**
 * Who may import whom. A package sees only what its row lists; the order is the order of a build.
 * Read by dependency-cruiser (imports) and by test/layers.test.ts (manifests).
 */
/** The ground floor: packages that know nothing of Cramkit. Every other one may stand on them. */
const ground = ["random"];
const libraries = {
  corpus: [],
  tokenizer: [],
  packer: [],
  scheduler: [],
  trainer: [],
  glue: [],
  checkpoint: [],
  ops: [],
  backend: [],
  optim: [],
  model: ["ops"],
  native: [],
};
const all = [...ground, ...Object.keys(libraries)];

export const layers = {
  ...Object.fromEntries(ground.map((name) => [name, []])),
  ...Object.fromEntries(Object.entries(libraries).map(([name, others]) => [name, [...ground, ...others]])),
  recipes: all,
  cramkit: [...all, "recipes"],
};

/** Packages that may import a tensor library (always as the peer `@tensorflow/tfjs-core`). */
export const tensorPackages = ["ops", "backend", "optim", "model", "recipes", "cramkit"];
