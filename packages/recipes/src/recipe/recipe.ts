import { fault } from "@cramkit/errors";
import { type ModelConfig, maskedLossNames } from "@cramkit/model";
import { scheduleNames } from "@cramkit/scheduler";
import { studyAlgorithms } from "@cramkit/tokenizer";
import { z } from "zod";
import { budgetForm, isBudget } from "./budget.ts";
import { describeIssue } from "./issue.ts";
import { optimizerSchemas } from "./optimizer-settings.ts";

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** The study's two averages of weights. */
export const averagings = [
  { kind: "ema", decay: 0.995 },
  { kind: "latest", snapshots: 10, every: 1000 },
] as const;

/** What a recipe may hold. Built on first use: importing this package does nothing. */
const createSchema = () => {
  const share = z.number().min(0).max(1);
  const positive = z.number().positive();
  const count = z.int().positive();
  /** A count with a bound beyond which it is a slip: nothing is made of that size before somebody says so. */
  const upTo = (most: number) => count.max(most);

  /** Share of the characters that come from a source, relative to the others: 1 if it has none. */
  const weight = positive.optional();

  const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

  /** Which files of a folder or a dataset are read, and how. */
  const reading = {
    /** Patterns over paths, such as "**\/*.jsonl.gz". */
    include: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    exclude: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    format: z.enum(["txt", "jsonl", "json", "csv", "tsv", "parquet", "wikiextractor"]).optional(),
    /** The field or column that holds the text; a number for a table without a header. */
    field: z.union([z.string(), z.int().min(0)]).optional(),
    /** What is a document of a text file; large files are read in passages where nothing is said. */
    unit: z.enum(["file", "line", "block", "passage"]).optional(),
    /** What separates the fields of a table in text: one ASCII character. */
    delimiter: z.string().length(1).optional(),
    /** What fields of a table are quoted with; false if quotes are ordinary characters. */
    quote: z.union([z.string().length(1), z.literal(false)]).optional(),
    /** What makes a quote in quotes ordinary, such as a backslash. */
    escape: z.string().length(1).optional(),
    /** Encoding of text that is not UTF-8, such as "latin1". */
    encoding: z.string().optional(),
    /** Records to read, by their fields: each has to be equal, or one of several values. "meta.set" is a field in a field. */
    where: z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).optional(),
    weight,
  };

  /** Where text comes from. */
  const source = z.discriminatedUnion("kind", [
    /** The documentation of the packages that are installed under `root`; comments of `lib.*.d.ts` unless it says all. */
    z.strictObject({
      kind: z.literal("installed-documentation"),
      root: z.string(),
      declarations: z.enum(["lib", "all"]).optional(),
      weight,
    }),
    /** Files or folders of .txt, .jsonl, .json, .csv, .tsv, .parquet or WikiExtractor output, also .gz and .zst. */
    z.strictObject({ kind: z.literal("files"), path: z.union([z.string(), z.array(z.string()).min(1)]), ...reading }),
    /** A dataset of the Hugging Face hub. A token comes from HF_TOKEN, never from here: recipes are kept and shared. */
    z.strictObject({
      kind: z.literal("hub"),
      uri: z.string().regex(/^hf:\/\/datasets\//, "expected hf://datasets/OWNER/NAME[@REVISION][/PATH]"),
      /** Address of a mirror. */
      hubUrl: z.string().optional(),
      ...reading,
    }),
  ]);

  const { optimizer, groupOptimizer } = optimizerSchemas();

  /** What the training minimises over the masked positions; held-out losses are cross-entropy in any case. */
  const loss = z
    .strictObject({
      /** `script`: cross-entropy, plus the loss of the model as a critic of what it fills in (Nijkamp et al. 2021). */
      name: z.enum([...maskedLossNames, "script"]),
      /** Share of the target's probability that goes to all words alike; with cross-entropy. */
      labelSmoothing: share.lt(1),
      /** Factor of log(Z)^2, Z the sum of exp(logits); with cross-entropy. */
      zLoss: z.number().min(0),
    })
    .refine(({ name, labelSmoothing, zLoss }) => name === "cross-entropy" || (labelSmoothing === 0 && zLoss === 0), {
      path: ["name"],
      error: "labelSmoothing and zLoss go with cross-entropy: set both to 0",
    });

  /** Weights that are evaluated and kept in place of the last ones; the training does not see them. */
  const averaging = z.discriminatedUnion("kind", [
    /** The exponential moving average over the steps. */
    z.strictObject({ kind: z.literal("ema"), decay: share.lt(1).default(averagings[0].decay) }),
    /** The mean of the last `snapshots` copies, one every so many steps (LAWA). */
    z.strictObject({
      kind: z.literal("latest"),
      snapshots: upTo(1000).default(averagings[1].snapshots),
      every: count.default(averagings[1].every),
    }),
  ]);

  const recipe = z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "expected small letters, digits, dots and dashes"),
    description: z.string(),
    /** Every random choice of the run follows from it. */
    seed: z.int().min(0),
    backend: z.strictObject({
      name: z.enum(["auto", "cpu", "webgpu", "tensorflow"]),
      precision: z.enum(["float32", "mixed"]),
      /** Threads of the CPU backend; null for all cores. */
      threads: upTo(256).nullable(),
      /** Matrix products of the CPU backend: our WebAssembly, the same bits everywhere; a library of the machine; or one if there is one. */
      products: z.enum(["wasm", "library", "auto"]).default("auto"),
      /** File or name of that library; null for the first that is found. */
      library: z.string().nullable().default(null),
    }),
    corpus: z.strictObject({
      sources: z.array(source).min(1),
      /** What happens when the first of several sources ends: the others go on, all stop, or it begins again. */
      whenSourceEnds: z.enum(["continue", "stop", "repeat"]).default("continue"),
      maxDocuments: count.nullable(),
      /** Documents are drawn in a seeded order. */
      shuffle: z.boolean(),
      /**
       * Decides the order of documents, which are held out, and the masks and probes of the evaluation: runs of several `seed`s
       * with one of these train and are measured on the same data. null: `seed`.
       */
      seed: z.int().min(0).nullable().default(null),
      /** "basic": Unicode form, controls, spaces; "reference": the steps that the study's tokenizer has in it. */
      cleaning: z.enum(["none", "basic", "reference"]).default("none"),
      minCharacters: z.int().min(0),
      maxCharacters: count.nullable().default(null),
      /** So many successive documents of a source become one. */
      joinSuccessive: count.default(1),
      /** Tokens that are kept of a document; null keeps all. */
      maxTokens: count.nullable().default(null),
      /** Drops documents of at least so many tokens a character; null keeps all. */
      maxTokensPerCharacter: positive.nullable(),
      /** The tokenizer.json that measures it; null for the run's own tokenizer. */
      compressionTokenizer: z.string().nullable().default(null),
      exactDuplicates: z.boolean(),
      /** Removes repeated substrings of at least so many bytes; null leaves them. */
      duplicateBytes: z
        .int()
        .min(8)
        .max(1 << 20)
        .nullable(),
      /** Drops documents that share so many words in a row with texts of an evaluation; null keeps all. */
      decontamination: z
        .strictObject({ sources: z.array(source).min(1), words: upTo(1000).default(13) })
        .nullable()
        .default(null),
      /** Share of a source's records that may be broken: they are skipped and counted, beyond it the run stops. */
      maxBadShare: share.default(0.001),
      /** A file that is damaged as a whole: stop, or keep what was read of it and go on. */
      onBrokenFile: z.enum(["stop", "skip"]).default("stop"),
      /** Threads that tokenize, beside the one that reads; null for all cores. The data is the same for any number. */
      workers: z.int().min(0).max(256).nullable().default(null),
    }),
    tokenizer: z.strictObject({
      /** A tokenizer.json to take as it is, with `vocabSize` entries; null to train one by the other settings. */
      from: z.string().nullable().default(null),
      /** The study's tokenizers: BPE is of bytes, SentencePiece ones mark the spaces. */
      model: z.enum(studyAlgorithms),
      vocabSize: z
        .int()
        .min(64)
        .max(1 << 20),
      /**
       * What of the text stays: "english" as in the study (lower-case ASCII), "cased" everything as it is, "multilingual" also
       * cuts Chinese into characters. The four switches below come on top; null leaves them to it.
       */
      text: z.enum(["english", "cased", "multilingual"]).default("english"),
      /** The study's `force_lowercase`. */
      lowercase: z.boolean().nullable().default(null),
      /** The study's `strip_accents`; without it the text is in NFKC. */
      stripAccents: z.boolean().nullable().default(null),
      /** The study's `force_english_keyboard`: everything beyond ASCII goes. */
      asciiOnly: z.boolean().nullable().default(null),
      /** Each ideograph is a word (WordPiece, BPE, WordLevel). */
      isolateIdeographs: z.boolean().nullable().default(null),
      /** The study's `whitespace_escape`. */
      escapeSpaces: z.boolean().default(false),
      /** Names of the special tokens: `<mask>` or `[MASK]`. */
      specialTokens: z.enum(["study", "bert"]).default("study"),
      /** Documents begin with `<cls>`. */
      includeCls: z.boolean().default(false),
      /** Documents end with `<sep>`. */
      includeSep: z.boolean().default(true),
    }),
    rows: z.strictObject({
      seqLength: z.int().min(8).max(512),
      /** `unigram`: likely rows first, as the study's paper has it; its code calls that the reverse. */
      order: z.enum(["as-is", "shuffled", "separators", "full-stops", "unigram", "reverse-unigram", "word-length"]),
    }),
    masking: z.strictObject({
      policy: z.enum(["exact", "bernoulli", "always-mask"]),
      probability: share.gt(0).lt(1),
      wholeWords: z.boolean(),
      /** The share at the end of the budget, to which it goes in a line; null: `probability` throughout. */
      finalProbability: share.gt(0).lt(1).nullable().default(null),
    }),
    /** An encoder of @cramkit/model; its vocabulary size comes from the tokenizer, its dropout from the training. */
    model: z.custom<ModelConfig>(isObject, "expected the fields of an encoder"),
    training: z.strictObject({
      budget: z.custom<string>(isBudget, `expected ${budgetForm}`),
      loss: loss.default({ name: "cross-entropy", labelSmoothing: 0, zLoss: 0 }),
      optimizer,
      /**
       * Parameters with an optimizer of their own, by whole parts of their names, in the order in which they are asked;
       * `optimizer` has the rest, and all learning rates follow the schedule.
       */
      groups: z
        .array(z.strictObject({ params: z.array(z.string().min(1)).min(1), optimizer: groupOptimizer }))
        .default([]),
      schedule: z.strictObject({ name: z.enum(scheduleNames), warmup: share, cooldown: share }),
      /** Examples of one optimizer step at the end of the ramp. */
      batchSize: upTo(1 << 24),
      /** Below 1 a share of the budget, from 1 on microbatches, over which the batch grows; 0: no ramp. */
      batchRamp: z.number().min(0).max(1e9),
      /**
       * Grows each batch until its mean gradient is known well enough (the norm test, with the study's `theta` of 0.9), from two
       * microbatches up to `batchSize`; `monotone`: never a smaller one again. Steps, and bias corrections, count microbatches then.
       */
      progressiveBatch: z.strictObject({ theta: positive, monotone: z.boolean() }).nullable().default(null),
      /** Examples of one forward and backward pass; "auto" finds it by trial. */
      microbatchSize: z.union([upTo(1 << 16), z.literal("auto")]),
      /**
       * Share of the budget over which the model first predicts each next token, seeing those before it alone, and masks nothing
       * (after Gisserot-Boukhlef et al., arXiv 2507.00994).
       */
      causalShare: share.lt(1).default(0),
      dropout: share.lt(1),
      /** Share of the tokens that are left out of each row, at random, before it is masked: shorter rows, cheaper steps. */
      tokenDrop: share.lt(1).default(0),
      /** Cuts each row into shorter ones, of a length that holds from a share of the budget on; null leaves rows whole. */
      sequenceCurriculum: z
        .strictObject({
          lengths: z
            .array(upTo(1 << 16))
            .min(1)
            .max(100),
          fractions: z.array(share.lt(1)).max(100),
        })
        .nullable()
        .default(null),
      /** Each time through the rows in a new order, in place of the one they are stored in. */
      reshuffle: z.boolean().default(false),
      /** Whole parts of the names of parameters that keep their first values: `encoder.layers.1` is no part of layer 10. */
      frozen: z.array(z.string().min(1)),
      averaging: averaging.nullable(),
    }),
    /** When a run has left the road. */
    guard: z.strictObject({
      /** A loss is bad where it is not finite, or above so many times the median of the last 64. */
      spikeFactor: z.number().gt(1),
      /** So many bad losses in a row go back to the last checkpoint, on with the data after them. */
      patience: upTo(1e6),
      /** So often, then the run gives up. */
      maxRollbacks: z.int().min(0).max(1e6),
      /** Gives up where the median loss is above `loss` once this share of the budget is used. */
      abandon: z.strictObject({ fraction: share, loss: positive }).nullable(),
    }),
    evaluation: z.strictObject({
      /** Share of the documents that is never trained on. */
      heldOut: share.gt(0).lt(1),
      /** Held-out rows of a measurement. */
      rows: upTo(1e8),
      /** Share of their tokens that is masked, for runs that mask otherwise in training; null: `masking.probability`. */
      maskProbability: share.gt(0).lt(1).nullable().default(null),
      /** Measures the held-out loss every such share of the budget. */
      every: share.min(1e-6),
      /** Finetunes the two probes on held-out text; 0 trials leaves them out. */
      probes: z.strictObject({
        trials: z.int().min(0).max(1000),
        examples: upTo(1e7),
        epochs: z.int().min(1).max(1000),
        learningRate: positive,
      }),
    }),
    metrics: z.strictObject({
      /** Floating-point operations a second that the device can do at best, for its utilisation; null leaves that out. */
      peakFlops: positive.nullable(),
    }),
    /** Written so often, before the deadline of a budget in hours, and when the held-out loss is the best so far. */
    checkpoints: z.strictObject({
      minutes: positive.max(1e6),
      /** Newest ones to keep; the best is kept besides. */
      keep: upTo(10_000),
    }),
  });
  return recipe.refine(
    ({ backend, training: { optimizer, groups } }) =>
      backend.precision === "float32" ||
      ![optimizer, ...groups.map((group) => group.optimizer)].some(({ name }) => name === "adahessian"),
    {
      path: ["training", "optimizer", "name"],
      error:
        "adahessian takes differences of gradients, which half precision rounds away: set backend.precision=float32",
    },
  );
};

let schema: ReturnType<typeof createSchema> | undefined;

/** A complete run as plain data: the same recipe and seed make the same run. */
export type Recipe = z.infer<ReturnType<typeof createSchema>>;

export type SourceSpec = Recipe["corpus"]["sources"][number];

/** Fields that an error names; the rest is counted. */
const namedIssues = 4;

/** Checks a recipe that came from outside; the error names the fields that are off. */
export const parseRecipe = (value: unknown, origin: string): Recipe => {
  schema ??= createSchema();
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => describeIssue(issue, value));
  const more = issues.length > namedIssues ? `; and ${issues.length - namedIssues} more` : "";
  throw fault({
    code: "invalid-input",
    place: origin,
    problem: `${issues.slice(0, namedIssues).join("; ")}${more}`,
    type: RangeError,
  });
};
