import { fault } from "@cramkit/errors";
import { z } from "zod";
import { describeIssue } from "./issue.ts";
import {
  backendSchema,
  checkpointsSchema,
  evaluationSchema,
  guardSchema,
  metricsSchema,
} from "./schema/conduct-schema.ts";
import { corpusSchema } from "./schema/corpus-schema.ts";
import { modelSchema } from "./schema/model-schema.ts";
import { name } from "./schema/name.ts";
import { maskingSchema, rowsSchema } from "./schema/rows-schema.ts";
import { tokenizerSchema } from "./schema/tokenizer-schema.ts";
import { trainingSchema } from "./schema/training-schema.ts";
import { setting } from "./setting.ts";
import { annotatedSchema, settingsBelow } from "./setting-list.ts";

/** What a recipe may hold. Built on first use: importing this package does nothing. */
const createSchema = () => {
  const recipe = z.strictObject({
    name: setting(
      name(),
      "Name of the recipe, and of the folder of its run. A file that extends another and has none is called as the file.",
    ),
    description: setting(z.string(), "What the recipe does, in a line."),
    seed: setting(z.int().min(0), "Every random choice of the run follows from it."),
    backend: setting(backendSchema(), "The compute backend."),
    corpus: setting(corpusSchema(), "Which text is read, and how it is filtered."),
    tokenizer: setting(tokenizerSchema(), "How text becomes tokens."),
    rows: setting(rowsSchema(), "How tokens become rows."),
    masking: setting(maskingSchema(), "Which tokens of a row are masked and predicted."),
    model: setting(modelSchema(), "The encoder. Vocabulary and dropout come from `tokenizer` and `training`."),
    training: setting(trainingSchema(), "How it trains, and for how long."),
    guard: setting(guardSchema(), "What happens when training goes wrong."),
    evaluation: setting(evaluationSchema(), "How the model is measured."),
    metrics: setting(metricsSchema(), "What is recorded during training."),
    checkpoints: setting(checkpointsSchema(), "The checkpoints that an interrupted run resumes from."),
  });
  const alike = recipe.refine(({ training: { localSteps, averaging } }) => localSteps === null || averaging === null, {
    path: ["training", "averaging"],
    error:
      "ranks with steps of their own have averages of their own: set training.averaging or training.localSteps to null",
  });
  return alike.refine(
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

/** The schema of a recipe, with what each setting means. */
export const recipeSchema = (): ReturnType<typeof createSchema> => {
  schema ??= createSchema();
  return schema;
};

/** A complete run as plain data: the same recipe and seed make the same run. */
export type Recipe = z.infer<ReturnType<typeof createSchema>>;

export type SourceSpec = Recipe["corpus"]["sources"][number];

/** An empty recipe lacks 14 groups. */
const shownIssues = 30;

/** Checks a recipe that came from outside; the error names the fields that are missing or off, the first 30 of them. */
export const parseRecipe = (value: unknown, origin: string): Recipe => {
  const given = withoutSchemaName(value);
  const result = recipeSchema().safeParse(given);
  if (result.success) return result.data;
  let annotated: ReturnType<typeof annotatedSchema> | undefined;
  const known = (path: string) => {
    annotated ??= annotatedSchema(recipeSchema());
    return settingsBelow(annotated, path);
  };
  const all = result.error.issues;
  const issues = all.slice(0, shownIssues).map((issue) => describeIssue(issue, given, known));
  // What another recipe brings along is the groups: one that extends a recipe has them all.
  const isIncomplete = all.some(({ path }) => path.length === 1 && !Object.hasOwn(Object(given), path[0]!));
  if (all.length > shownIssues) issues.push(`and ${all.length - shownIssues} more`);
  throw fault({
    code: "invalid-input",
    place: origin,
    problem: issues.join("; "),
    ...(isIncomplete && { remedy: 'to take what is missing from another recipe, add "extends": "crammed-bert"' }),
    type: RangeError,
  });
};

/** A printed recipe names its JSON Schema, for editors. */
const withoutSchemaName = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || !("$schema" in value)) return value;
  const { $schema: _, ...recipe } = value;
  return recipe;
};
