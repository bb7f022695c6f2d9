import { presetNames } from "@cramkit/model";
import { recipes } from "../catalogue/recipes.ts";
import { recipeSchema } from "../recipe/recipe.ts";
import { annotatedSchema, optionsOf, type SchemaNode } from "../recipe/setting-list.ts";

type Tree = Record<string, unknown>;

/**
 * The JSON Schema of a recipe's file, by which an editor completes and explains settings. What a file that extends another
 * may leave out is not required.
 */
export const recipeJsonSchema = (): Tree => {
  const { $schema, required, properties, ...rest } = forEditors(annotatedSchema(recipeSchema()), false) as SchemaNode;
  const { model, ...others } = properties as Record<string, Tree>;
  const { description, ...encoder } = model!;
  return {
    $schema,
    title: "Cramkit recipe",
    ...rest,
    properties: {
      $schema: { type: "string", description: "Where this schema is." },
      extends: {
        type: "string",
        description: "A recipe by its name, or a file, relative to this one: what is left out comes from it.",
        examples: Object.keys(recipes),
      },
      ...others,
      model: { description, anyOf: [encoder, { enum: presetNames }] },
    },
    if: { required: ["extends"] },
    else: { required: annotatedSchema(recipeSchema()).required },
  };
};

/** Notes become part of the description. Only elements of lists are complete: everything else may come from another recipe. */
const forEditors = (node: unknown, isElement: boolean): unknown => {
  if (Array.isArray(node)) return node.map((one) => forEditors(one, isElement));
  if (typeof node !== "object" || node === null) return node;
  const { unit, paper, like: _, description, required, anyOf, oneOf, properties, items, ...rest } = node as SchemaNode;
  const ways = optionsOf({ anyOf, oneOf } as SchemaNode);
  const notes = [unit && `Unit: ${unit}.`, paper && `From: ${paper}.`].filter(Boolean);
  const told = [description, ...notes].filter(Boolean).join(" ");
  return {
    ...(told && { description: told }),
    ...withoutSafeBounds(rest),
    ...(ways.length > 0 && { anyOf: forEditors(ways, isElement) }),
    ...(items !== undefined && { items: forEditors(items, true) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, forEditors(child, isElement)]),
      ),
    }),
    ...(isElement && required && { required }),
  };
};

/** Those of any whole number say nothing. */
const withoutSafeBounds = (node: Tree): Tree =>
  Object.fromEntries(
    Object.entries(node).filter(
      ([, value]) => Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER || typeof value !== "number",
    ),
  );
