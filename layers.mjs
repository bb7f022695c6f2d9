/**
 * Who may import whom. A package sees only what its row lists; the order is the order of a build.
 * Read by dependency-cruiser (imports) and by test/layers.test.ts (manifests).
 */

/** The ground floor: packages that know nothing of Cramkit. Every one above may stand on all of them. */
const ground = {
  errors: [],
  files: ["errors"],
  random: [],
};

/** What each library may import besides the ground floor. */
const above = {
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
const libraries = {
  ...ground,
  ...Object.fromEntries(Object.entries(above).map(([name, others]) => [name, [...Object.keys(ground), ...others]])),
};
const all = Object.keys(libraries);

export const layers = { ...libraries, recipes: all, cramkit: [...all, "recipes"] };

/** Packages that may import a tensor library (always as the peer `@tensorflow/tfjs-core`). */
export const tensorPackages = ["ops", "backend", "optim", "model", "recipes", "cramkit"];
