import { z } from "zod";
import type { SettingNotes } from "./setting.ts";

/** A node of a JSON Schema, with the notes of settings. */
export type SchemaNode = z.core.JSONSchema.BaseSchema & SettingNotes;

/** One setting: fields of one path that belong to several kinds (sources, optimizers) are one. */
export interface SettingEntry extends SettingNotes {
  /** As in `training.batchRamp`; elements of lists as in `corpus.sources[].path`. */
  readonly path: string;
  readonly types: readonly string[];
  /** What it means; for a choice by kinds, one meaning each. */
  readonly meanings: readonly { readonly meaning: string; readonly kind: string | undefined }[];
  /** What it is if it is left out, by the kind that it belongs to; none if it must be given, or extended. */
  readonly defaults: readonly { readonly value: unknown; readonly kind: string | undefined }[];
  /** Papers, as many as its kinds have. */
  readonly papers: readonly string[];
}

/** The JSON Schema of a zod schema, with the notes that its fields carry. */
export const annotatedSchema = (schema: z.ZodType): SchemaNode =>
  z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // What is checked by code alone is text.
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === "custom") jsonSchema.type = "string";
    },
  }) as SchemaNode;

/** Every setting of a schema, in its order. */
export const listSettings = (schema: SchemaNode): SettingEntry[] => {
  const found = new Map<string, SettingEntry>();
  const add = (path: string, node: SchemaNode, kind: string | undefined) => {
    const entry = found.get(path);
    const meaning = node.description ?? "";
    const known = entry?.meanings.some((one) => one.meaning === meaning);
    const value = node.default;
    found.set(path, {
      path,
      unit: entry?.unit ?? node.unit,
      like: entry?.like ?? node.like,
      types: unique([...(entry?.types ?? []), ...typesOf(node)]),
      meanings: [...(entry?.meanings ?? []), ...(known ? [] : [{ meaning, kind }])],
      defaults: [...(entry?.defaults ?? []), ...(value === undefined ? [] : [{ value, kind }])],
      papers: unique([...(entry?.papers ?? []), ...(node.paper === undefined ? [] : [node.paper])]),
    });
  };
  const walk = (node: SchemaNode, path: string, kind: string | undefined): void => {
    if (node.like !== undefined) return;
    for (const option of optionsOf(node)) walk(option, path, kindOf(option) ?? kind);
    if (isNode(node.items)) walk(node.items, `${path}[]`, kind);
    for (const [name, child] of Object.entries(node.properties ?? {})) {
      const childPath = path ? `${path}.${name}` : name;
      add(childPath, child as SchemaNode, kind);
      walk(child as SchemaNode, childPath, kind);
    }
  };
  walk(schema, "", undefined);
  return [...found.values()];
};

const isNode = (value: unknown): value is SchemaNode =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The ways of a union. */
export const optionsOf = (node: SchemaNode): SchemaNode[] =>
  [...(node.anyOf ?? []), ...(node.oneOf ?? [])] as SchemaNode[];

/** The value of the field that tells a kind from others. */
const kindOf = ({ properties = {} }: SchemaNode): string | undefined => {
  for (const field of ["kind", "name"]) {
    const found = properties[field];
    if (isNode(found) && found.const !== undefined) return String(found.const);
  }
  return undefined;
};

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** A path without the places in lists, by which a setting is found. */
export const plainPath = (path: string): string =>
  path
    .replaceAll("[]", "")
    .split(".")
    .filter((part) => !/^\d+$/.test(part))
    .join(".");

/** Names of the settings right below a path. */
export const settingsBelow = (schema: SchemaNode, path: string): string[] => {
  const start = path === "" ? "" : `${plainPath(path)}.`;
  const below = listSettings(schema).map((entry) => plainPath(entry.path));
  return unique(below.filter((one) => one.startsWith(start)).map((one) => one.slice(start.length).split(".")[0]!));
};

/** What a value may be, in words. */
const typesOf = (node: SchemaNode): string[] => {
  const options = optionsOf(node);
  if (options.length > 0) return unique(options.flatMap(typesOf));
  if (node.const !== undefined) return [JSON.stringify(node.const)];
  if (node.enum) return node.enum.map((value) => JSON.stringify(value));
  if (node.type === "array") return [`list of ${isNode(node.items) ? wordsFor(typesOf(node.items)) : "values"}`];
  if (node.type === "object") return [node.properties ? "object" : "object of any fields"];
  if (node.type === "boolean") return ["true", "false"];
  if (node.type === "integer" || node.type === "number")
    return [`${node.type === "integer" ? "whole " : ""}number${boundsOf(node)}`];
  return node.type === undefined ? ["any value"] : [node.type].flat().map(String);
};

/** Types as a sentence has them. */
export const wordsFor = (types: readonly string[]): string => {
  const plain = types.includes("true") && types.includes("false");
  const shown = plain ? ["true or false", ...types.filter((type) => type !== "true" && type !== "false")] : types;
  return shown.join(", ");
};

const boundsOf = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string => {
  const isSaid = (bound: unknown): boolean => typeof bound === "number" && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const parts = [
    isSaid(exclusiveMinimum) && `above ${exclusiveMinimum}`,
    isSaid(minimum) && minimum !== exclusiveMinimum && `at least ${minimum}`,
    isSaid(exclusiveMaximum) && `below ${exclusiveMaximum}`,
    isSaid(maximum) && maximum !== exclusiveMaximum && `at most ${maximum}`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
};
