import { fault } from "@cramkit/errors";
import { type GlueName, glueNames, type protocols } from "@cramkit/glue";
import { z } from "zod";
import { describeIssue } from "../recipe/issue.ts";
import { name } from "../recipe/schema/name.ts";
import { annotatedSchema, settingsBelow } from "../recipe/setting-list.ts";

/** Settings as `KEY=VALUE`, like those of `--set`, or as an object of keys and values. */
const createSettings = () => z.union([z.array(z.string()), z.record(z.string(), z.unknown())]);

/** What a sweep may hold. Built on first use: importing this package does nothing. */
const createSchema = () => {
  /** The name of a recipe, a file (relative to the sweep's own), or a whole recipe. */
  const recipe = z.union([z.string().min(1), z.record(z.string(), z.unknown())]);
  return z.strictObject({
    /** Of the sweep, and of its prepared data. */
    name: name(),
    description: z.string().default(""),
    /** What every run begins with, unless its variant says otherwise. */
    recipe,
    /** Changed in every run, before what a variant and the grid change. */
    set: createSettings().default([]),
    /** Named changes; a list, as of two entries of one name in an object the first would be lost. */
    variants: z
      .array(z.strictObject({ name: z.string().min(1), recipe: recipe.optional(), set: createSettings().default([]) }))
      .default([]),
    /** Values of settings, each with each, and with every variant. */
    grid: z.record(z.string().min(1), z.array(z.unknown()).min(1)).default({}),
    /** Every variant is run with each. They share their data: `corpus.seed` is the first, unless it is set. Empty: the recipe's own. */
    seeds: z.array(z.int().min(0)).default([]),
    /** Finetunes each trained model on GLUE. */
    glue: z
      .strictObject({
        data: z.string().min(1),
        tasks: z
          .array(z.enum(glueNames as unknown as [GlueName]))
          .nullable()
          .default(null),
        protocol: z
          .enum(["GLUE_sane", "GLUE_v2", "GLUE_v1", "GLUE_mosbach", "MNLI"] satisfies (keyof typeof protocols)[])
          .default("GLUE_sane"),
        /** Null: the protocol's. */
        trials: z.int().min(1).max(1000).nullable().default(null),
        /** Null: the protocol's. */
        epochs: z.int().min(1).max(1000).nullable().default(null),
        /** Null: the protocol's. Small models need a larger one. */
        learningRate: z.number().positive().max(1).nullable().default(null),
        /** Examples; null: the protocol's. */
        batchSize: z.int().min(1).max(65_536).nullable().default(null),
        /** Random examples of each task to train on; null: all. */
        trainExamples: z.int().min(1).nullable().default(null),
        /** Also the same network without pretraining. */
        untrained: z.boolean().default(false),
      })
      .nullable()
      .default(null),
    /**
     * Settings of a recipe whose tokenizer decides in every run which documents are compressible enough, so that vocabularies of
     * several sizes are trained on the same text; null: each run's own tokenizer.
     */
    filterTokenizer: createSettings().nullable().default(null),
    /** Keeps the checkpoints of runs that are done: they are large, and nothing but a look back needs them. */
    keepCheckpoints: z.boolean().default(false),
  });
};

let schema: ReturnType<typeof createSchema> | undefined;

/** Several runs of one recipe: named variants, values of settings, seeds. Plain data. */
export type Sweep = z.infer<ReturnType<typeof createSchema>>;

/** As a person writes it: what has a default may be left out. */
export type SweepInput = z.input<ReturnType<typeof createSchema>>;

/**
 * Checks a sweep that came from outside.
 *
 * @throws a fault `invalid-input` naming the fields that are off
 */
export const parseSweep = (value: unknown, origin: string): Sweep => {
  schema ??= createSchema();
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const annotated = annotatedSchema(schema);
  const known = (path: string) => settingsBelow(annotated, path);
  const problem = result.error.issues.map((issue) => describeIssue(issue, value, known)).join("; ");
  throw fault({ code: "invalid-input", place: origin, problem, type: RangeError });
};

/** Settings as `applySettings` takes them. */
export const settingsOf = (settings: readonly string[] | Readonly<Record<string, unknown>>): string[] =>
  Array.isArray(settings)
    ? [...settings]
    : Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
