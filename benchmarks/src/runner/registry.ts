import type { Suite } from "../measure/suite.ts";

/** Every suite by name, loaded when it is wanted: a GPU host has no tokenizers to load. */
export const suites: Record<string, () => Promise<Suite>> = {
  machine: async () => (await import("../suites/machine.ts")).machineSuite,
  conformance: async () => (await import("../suites/conformance.ts")).conformanceSuite,
  random: async () => (await import("../suites/random.ts")).randomSuite,
  tokenizer: async () => (await import("../suites/tokenizer.ts")).tokenizerSuite,
  corpus: async () => (await import("../suites/corpus.ts")).corpusSuite,
  packer: async () => (await import("../suites/packer.ts")).packerSuite,
  scheduler: async () => (await import("../suites/scheduler.ts")).schedulerSuite,
  checkpoint: async () => (await import("../suites/checkpoint.ts")).checkpointSuite,
  ops: async () => (await import("../suites/ops.ts")).opsSuite,
  optim: async () => (await import("../suites/optim.ts")).optimSuite,
  model: async () => (await import("../suites/model.ts")).modelSuite,
  kernels: async () => (await import("../suites/kernels.ts")).kernelsSuite,
  sweep: async () => (await import("../suites/sweep.ts")).sweepSuite,
  loop: async () => (await import("../suites/loop.ts")).loopSuite,
  search: async () => (await import("../suites/search.ts")).searchSuite,
  glue: async () => (await import("../suites/glue.ts")).glueSuite,
  "stock-tfjs": async () => (await import("../peers/stock-tfjs.ts")).stockTfjsSuite,
  "jax-js": async () => (await import("../peers/jax-js.ts")).jaxJsSuite,
  turns: async () => (await import("../suites/turns.ts")).turnsSuite,
  pytorch: async () => (await import("../peers/pytorch.ts")).pytorchSuite,
};

export const suiteNames = Object.keys(suites);

/** What runs on a device; the rest only needs a host. */
export const deviceSuites = [
  ...["machine", "conformance", "ops", "optim", "model", "kernels", "sweep", "loop"],
  ...["stock-tfjs", "jax-js", "pytorch"],
];
