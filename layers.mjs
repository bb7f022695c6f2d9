/**
 * Who may import whom. A package sees only what its row lists, and a row lists only packages above it: the order is the
 * order of a build. Read by dependency-cruiser (imports in sources, assembly, tests), by test/layers.test.ts (manifests,
 * paths in strings) and by scripts/house.mjs (the picture).
 */

/** The ground floor: packages that know nothing of Cramkit. Every one above may stand on all of them. */
const foundations = {
  errors: [],
  files: ["errors"],
  random: [],
};
export const ground = Object.keys(foundations);

/** What each library imports besides the ground floor. */
const above = {
  "wasm-kit": [],
  native: [],
  novels: [],
  corpus: [],
  tokenizer: [],
  packer: [],
  scheduler: [],
  trainer: [],
  metrics: [],
  glue: ["metrics"],
  checkpoint: [],
  backend: ["native", "wasm-kit"],
  ops: ["wasm-kit"],
  optim: [],
  model: ["ops"],
  parallel: ["native"],
};
const libraries = {
  ...foundations,
  ...Object.fromEntries(Object.entries(above).map(([name, others]) => [name, [...ground, ...others]])),
};
const all = Object.keys(libraries);

/** Packages that put the others together, and may import any. */
export const composers = ["finetune", "recipes", "cramkit"];

export const layers = {
  ...libraries,
  finetune: all,
  recipes: [...all, "finetune"],
  cramkit: [...all, "finetune", "recipes"],
};

/** Development dependencies: what the tests of a package (`*.test.ts`, `*.testing.ts`) import beside its row, or its build runs. */
export const testEdges = {
  ops: ["backend"],
  optim: ["backend", "ops"],
  cramkit: ["wasm-kit"],
  corpus: ["wasm-kit"],
  tokenizer: ["wasm-kit"],
  native: ["wasm-kit"],
};

/** Composers that people run and do not build upon: they bring the tensor library with them. */
export const applications = ["recipes", "cramkit"];

/** Packages that may import a tensor library: libraries as the peer `@tensorflow/tfjs-core`, so that there is one copy of it. */
export const tensorPackages = ["ops", "backend", "optim", "model", "finetune", "recipes", "cramkit"];
