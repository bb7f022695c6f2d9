import { fault, shown } from "@cramkit/errors";
import { LargeInteger } from "./large-integer.ts";

/**
 * A value in a JSON document together with where it stands, so that every complaint can name it. Only own properties are
 * read: a key such as `__proto__` is an ordinary name.
 */
export interface Field {
  readonly value: unknown;
  readonly path: string;
}

export const root = (value: unknown, path: string): Field => ({ value, path });

export function fail(field: Field, expected: string, remedy = "fix or remove the field"): never {
  throw fault({
    code: "invalid-input",
    place: "tokenizer.json",
    problem: `expected ${expected} at ${field.path || "the top"}, got ${shown(field.value)}`,
    remedy,
    type: TypeError,
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof LargeInteger);

/** The property `name`; its value is undefined if the object has none of its own. */
export const get = (field: Field, name: string): Field => {
  const object = isObject(field.value) ? field.value : fail(field, "an object");
  return {
    value: Object.hasOwn(object, name) ? object[name] : undefined,
    path: `${field.path}.${name}`.replace(/^\./, ""),
  };
};

export const has = (field: Field, name: string) => {
  const { value } = get(field, name);
  return value !== undefined && value !== null;
};

export const asString = (field: Field) => (typeof field.value === "string" ? field.value : fail(field, "a string"));

/** Matching takes time in proportion to the longest token. The longest of known files have some hundred characters. */
export const MAX_TOKEN = 8192;

/** A token of a vocabulary. */
export const asToken = (field: Field): string => {
  const token = asString(field);
  return token.length <= MAX_TOKEN ? token : fail(field, `a token of at most ${MAX_TOKEN} characters`);
};

export const asBoolean = (field: Field) =>
  typeof field.value === "boolean" ? field.value : fail(field, "true or false");

/** An unsigned integer that an id, a length or a count can be. */
export const asCount = (field: Field, max = 0x7fffffff): number => {
  const { value } = field;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  return fail(field, `an integer from 0 to ${max}`);
};

export const asNumber = (field: Field) =>
  typeof field.value === "number" && Number.isFinite(field.value) ? field.value : fail(field, "a finite number");

export const asCharacter = (field: Field): string => {
  const text = asString(field);
  return Array.from(text).length === 1 ? text : fail(field, "one character");
};

export const items = (field: Field): Field[] => {
  if (!Array.isArray(field.value)) return fail(field, "an array");
  return field.value.map((value, i) => ({ value, path: `${field.path}[${i}]` }));
};

export const properties = (field: Field): [string, Field][] => {
  const object = isObject(field.value) ? field.value : fail(field, "an object");
  return Object.keys(object).map((key) => [key, { value: object[key], path: `${field.path}[${JSON.stringify(key)}]` }]);
};

export const asOneOf = <T extends string>(field: Field, values: readonly T[]): T => {
  const found = values.find((value) => value === field.value);
  return found ?? fail(field, `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`);
};

/** The value that `read` makes of the field, or `fallback` if it is absent or null. */
export const optional = <T, F>(field: Field, read: (field: Field) => T, fallback: F): T | F =>
  field.value === undefined || field.value === null ? fallback : read(field);

export function unsupported(field: Field, what: string, known: readonly string[]): never {
  throw fault({
    code: "unsupported",
    place: "tokenizer.json",
    problem: `${what} ${shown(get(field, "type").value)} at ${field.path} is not supported`,
    remedy: `supported are ${known.join(", ")}`,
    type: RangeError,
  });
}

/** Sequences inside each other; each level takes some of the stack. */
const MAX_DEPTH = 100;

/** The parts of a sequence, which may be sequences themselves, to a depth that no file needs. */
export const parts = (field: Field): Field[] => {
  if (field.path.split("[").length > MAX_DEPTH) {
    fail(
      { value: "one more", path: `${field.path.slice(0, 40)}...` },
      `at most ${MAX_DEPTH} sequences inside each other`,
    );
  }
  return items(field);
};

/** `{ "String": ... }` or `{ "Regex": ... }`. */
export const asPatternSource = (field: Field): { string: string } | { regex: Field } => {
  if (has(field, "String")) return { string: asString(get(field, "String")) };
  if (has(field, "Regex")) return { regex: get(field, "Regex") };
  return fail(field, 'an object with "String" or "Regex"');
};
