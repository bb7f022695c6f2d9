import type { SourceSpec } from "../recipe/recipe.ts";

type Where = NonNullable<Extract<SourceSpec, { kind: "files" }>["where"]>;

/** A filter over records by their fields: each of those named has to be equal, or one of its values. */
export const wantedRecords = (where: Where | undefined): ((record: Record<string, unknown>) => boolean) | undefined => {
  if (where === undefined) return undefined;
  const conditions = Object.entries(where).map(([path, value]) => ({
    path,
    keys: path.split("."),
    values: new Set([value].flat().map(String)),
  }));
  return (record) =>
    conditions.every(({ path, keys, values }) => {
      const found = Object.hasOwn(record, path) ? record[path] : inner(record, keys);
      // Tables in text have texts only, and Parquet has integers as bigint: they are compared as they are written.
      return found !== undefined && typeof found !== "object"
        ? values.has(String(found))
        : found === null && values.has("null");
    });
};

const inner = (record: unknown, keys: readonly string[]): unknown =>
  keys.reduce<unknown>(
    (node, key) =>
      typeof node === "object" && node !== null && Object.hasOwn(node, key)
        ? (node as Record<string, unknown>)[key]
        : undefined,
    record,
  );
