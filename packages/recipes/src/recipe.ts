import { type StudyOptimizerName, studyOptimizerNames } from "@cramkit/optim";
import { studyScheduleNames } from "@cramkit/scheduler";
import { z } from "zod";
import { isBudget } from "./budget.ts";

/** What a recipe may hold. Built on first use: importing this package does nothing. */
const createSchema = () => {
  const share = z.number().min(0).max(1);
  const positive = z.number().positive();
  const count = z.int().positive();

  /** Optimizers that ask for more than one gradient a step; a recipe's loop computes one. */
  const severalGradients: readonly StudyOptimizerName[] = ["sophia", "adahessian", "sam"];
  const namedOptimizers = studyOptimizerNames.filter((name) => !severalGradients.includes(name));

  /** Where text comes from. */
  const source = z.discriminatedUnion("kind", [
    /** The documentation of the packages that are installed under `root`. */
    z.strictObject({ kind: z.literal("installed-documentation"), root: z.string() }),
    /** Files or folders of .txt, .jsonl, .json, .csv, .tsv, .parquet or WikiExtractor output, also .gz and .zst. */
    z.strictObject({
      kind: z.literal("files"),
      path: z.union([z.string(), z.array(z.string()).min(1)]),
      include: z.string().optional(),
      exclude: z.string().optional(),
      format: z.enum(["txt", "jsonl", "json", "csv", "tsv", "parquet", "wikiextractor"]).optional(),
      /** The field or column that holds the text. */
      field: z.string().optional(),
      /** What is a document of a text file. */
      unit: z.enum(["file", "line", "block"]).optional(),
      /** Share of the documents that come from here, relative to the other sources; all have one or none has. */
      weight: positive.optional(),
    }),
  ]);

  /** Largest global norm of a gradient; null does not clip. */
  const clipNorm = positive.nullable();

  const optimizer = z.discriminatedUnion("name", [
    z.strictObject({
      name: z.literal("adamw"),
      learningRate: positive,
      b1: share.lt(1),
      b2: share.lt(1),
      epsilon: positive,
      weightDecay: z.number().min(0),
      clipNorm,
    }),
    /** With the study's hyperparameters. */
    z.strictObject({ name: z.enum(namedOptimizers), learningRate: positive, clipNorm }),
  ]);

  return z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
    description: z.string(),
    /** Every random choice of the run follows from it. */
    seed: z.int().min(0).max(0xffffffff),
    backend: z.strictObject({
      name: z.enum(["auto", "cpu", "webgpu", "tensorflow"]),
      precision: z.enum(["float32", "mixed"]),
      /** Threads of the CPU backend; null for all cores. */
      threads: count.nullable(),
    }),
    corpus: z.strictObject({
      sources: z.array(source).min(1),
      maxDocuments: count.nullable(),
      /** Documents are drawn in a seeded order, shuffled within a bounded buffer. */
      shuffle: z.boolean(),
      minCharacters: z.int().min(0),
      /** Drops documents of at least so many tokens a character; null keeps all. */
      maxTokensPerCharacter: positive.nullable(),
      exactDuplicates: z.boolean(),
      /** Removes repeated substrings of at least so many bytes; null leaves them. */
      duplicateBytes: z.int().min(8).nullable(),
    }),
    tokenizer: z.strictObject({
      model: z.enum(["WordPiece", "BPE", "Unigram", "WordLevel"]),
      vocabSize: z
        .int()
        .min(64)
        .max(1 << 20),
    }),
    rows: z.strictObject({
      seqLength: z.int().min(8).max(512),
      order: z.enum(["as-is", "shuffled", "separators", "full-stops", "unigram", "reverse-unigram", "word-length"]),
    }),
    masking: z.strictObject({
      policy: z.enum(["exact", "bernoulli", "always-mask"]),
      probability: share.gt(0).lt(1),
      wholeWords: z.boolean(),
    }),
    /** An encoder configuration of @cramkit/model; its vocabulary size comes from the tokenizer. */
    model: z.record(z.string(), z.unknown()),
    training: z.strictObject({
      budget: z
        .string()
        .refine(isBudget, 'expected a number above 0 and a unit, as in "24 hours", "2000 steps", "1e6 tokens"'),
      optimizer,
      schedule: z.strictObject({ name: z.enum(studyScheduleNames), warmup: share, cooldown: share }),
      /** Examples of one optimizer step at the end of the ramp. */
      batchSize: count,
      /** Below 1 a share of the budget, from 1 on microbatches, over which the batch grows; 0: no ramp. */
      batchRamp: z.number().min(0),
      /** Examples of one forward and backward pass; "auto" finds it by trial. */
      microbatchSize: z.union([count, z.literal("auto")]),
      dropout: share.lt(1),
    }),
    evaluation: z.strictObject({
      /** Share of the documents that is never trained on. */
      heldOut: share.gt(0).lt(1),
      /** Held-out rows of a measurement. */
      rows: count,
      /** Measures the held-out loss every such share of the budget. */
      every: share.gt(0),
      /** Finetunes the two probes on held-out text; 0 trials leaves them out. */
      probes: z.strictObject({
        trials: z.int().min(0),
        examples: count,
        epochs: z.int().min(1),
        learningRate: positive,
      }),
    }),
    checkpoints: z.strictObject({ minutes: positive, keep: count }),
  });
};

let schema: ReturnType<typeof createSchema> | undefined;

/** A complete run as plain data: the same recipe and seed make the same run. */
export type Recipe = z.infer<ReturnType<typeof createSchema>>;

export type SourceSpec = Recipe["corpus"]["sources"][number];

/** Checks a recipe that came from outside; the error lists every field that is off. */
export const parseRecipe = (value: unknown, origin: string): Recipe => {
  schema ??= createSchema();
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".") || "recipe"}: ${issue.message}`);
  throw new RangeError(`${origin}: ${issues.join("; ")}`);
};
