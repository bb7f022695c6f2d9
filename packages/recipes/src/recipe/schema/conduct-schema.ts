import { z } from "zod";
import { numbers, setting } from "../setting.ts";
import { path } from "./path.ts";

/** What computes a run. */
export const backendSchema = () => {
  const { upTo } = numbers();
  return z.strictObject({
    name: setting(
      z.enum(["auto", "cpu", "webgpu", "cuda", "tensorflow"]),
      "The backend; auto takes the best there is, but for cuda, which no card has run yet.",
    ),
    precision: setting(
      z.enum(["float32", "mixed"]),
      "float32, or half-precision operands with float32 sums and weights.",
      { paper: "Micikevicius et al., arXiv 1710.03740" },
    ),
    threads: setting(upTo(256).nullable(), "Threads of the CPU backend; null for all cores.", { unit: "threads" }),
    products: setting(
      z.enum(["wasm", "library", "auto"]).default("auto"),
      "Matrix products of the CPU backend: our WebAssembly, the same bits everywhere; a library of the machine; or a library if there is one.",
    ),
    library: setting(path().nullable().default(null), "File or name of that library; null: the first one found."),
    recordSteps: setting(
      z.boolean().default(true),
      "Whether the CUDA backend records microbatches that repeat into a graph, and replays it.",
    ),
  });
};

/** When a run has left the road. */
export const guardSchema = () => {
  const { share, positive, upTo } = numbers();
  return z.strictObject({
    spikeFactor: setting(
      z.number().gt(1),
      "A loss is bad if it is not finite, or above so many times the median of the last 64.",
      { unit: "times the median" },
    ),
    patience: setting(upTo(1e6), "So many bad losses in a row go back to the last checkpoint, on with later data.", {
      unit: "microbatches",
    }),
    maxRollbacks: setting(z.int().min(0).max(1e6), "How often, before the run gives up.", { unit: "rollbacks" }),
    abandon: setting(
      z
        .strictObject({
          fraction: setting(share, "Where it begins.", { unit: "share of the budget" }),
          loss: setting(positive, "The median loss above which the run gives up.", { unit: "nats" }),
        })
        .nullable(),
      "Gives up a run that does not learn; null: never.",
    ),
  });
};

/** How a run is measured. */
export const evaluationSchema = () => {
  const { share, positive, upTo } = numbers();
  return z.strictObject({
    heldOut: setting(share.gt(0).lt(1), "How much of the text is never trained on.", {
      unit: "share of the documents",
    }),
    rows: setting(upTo(1e8), "Held-out rows of a measurement.", { unit: "rows" }),
    maskProbability: setting(
      share.gt(0).lt(1).nullable().default(null),
      "How much of held-out rows is masked, for runs that mask otherwise in training; null: `masking.probability`.",
      { unit: "share of the tokens" },
    ),
    every: setting(share.min(1e-6), "How far apart measurements of the held-out loss are.", {
      unit: "share of the budget",
    }),
    probes: setting(
      z.strictObject({
        trials: setting(z.int().min(0).max(1000), "Runs of each probe; 0 leaves them out.", { unit: "trials" }),
        examples: setting(upTo(1e7), "Examples that a probe is finetuned on.", { unit: "examples" }),
        epochs: setting(z.int().min(1).max(1000), "Times through them.", { unit: "epochs" }),
        learningRate: setting(positive, "Peak learning rate of the finetuning."),
      }),
      "Two small tasks on held-out text that the model is finetuned on.",
    ),
  });
};

export const metricsSchema = () =>
  z.strictObject({
    peakFlops: setting(
      numbers().positive.nullable(),
      "What the device can do at best, for the share of it that is used; null leaves that out.",
      { unit: "floating-point operations a second", paper: "PaLM, arXiv 2204.02311 (model FLOPs utilisation)" },
    ),
  });

/** Also written before the deadline of a budget in hours, and when the held-out loss is the best so far. */
export const checkpointsSchema = () => {
  const { positive, upTo } = numbers();
  return z.strictObject({
    minutes: setting(positive.max(1e6), "Time between two checkpoints.", { unit: "minutes" }),
    keep: setting(upTo(10_000), "Newest checkpoints to keep; the best is kept besides.", { unit: "checkpoints" }),
  });
};
