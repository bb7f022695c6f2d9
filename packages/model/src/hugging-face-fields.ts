import { fault, shown } from "@cramkit/errors";
import type { ModelConfig } from "./config.ts";

/** A `config.json` of Hugging Face transformers. */
export type HuggingFaceConfig = Record<string, unknown>;

export interface HuggingFaceOptions {
  /**
   * Names of a head's labels, in the order of its outputs.
   * @defaultValue `LABEL_0`, `LABEL_1`, ...
   */
  labels?: readonly string[] | undefined;
  /**
   * Whether a text may have several of the labels.
   * @defaultValue `false`
   */
  severalLabels?: boolean;
}

export interface ReadOptions {
  /**
   * Whether the encoder alone is wanted, whatever stands on top of it: the model gets no head.
   * @defaultValue `false`
   */
  encoderOnly?: boolean;
}

const problemTypes = ["single_label_classification", "multi_label_classification", "regression"];

/** Reads a `config.json` of Hugging Face: what it says, or what the class of `transformers` has where it says nothing. */
export const createFieldReader = (fields: HuggingFaceConfig, usual: HuggingFaceConfig, path: string) => {
  const value = (name: string): unknown => fields[name] ?? usual[name];
  const refuse = (problem: string, remedy?: string) =>
    fault({ code: "invalid-argument", place: path, problem, ...(remedy && { remedy }), type: RangeError });
  const number = (name: string, found = value(name)): number => {
    if (typeof found === "number") return found;
    throw refuse(`expected a number as ${name}, got ${shown(found)}`);
  };
  const oneOf = (name: string, found: unknown, allowed: readonly unknown[], remedy: string): void => {
    if (allowed.includes(found)) return;
    const choices = allowed.map((one) => JSON.stringify(one)).join(", ");
    throw refuse(`expected ${name} ${choices}, got ${shown(found)}`, remedy);
  };
  /** How many labels a head tells apart, and whether it says a number instead. */
  const labels = (): { labels: number; isRegression: boolean } => {
    const labels = Object.keys((fields.id2label ?? { 0: "", 1: "" }) as object).length;
    const problem = fields.problem_type ?? (labels === 1 ? "regression" : "single_label_classification");
    oneOf("problem_type", problem, problemTypes, "there is no head for it");
    return { labels, isRegression: problem === "regression" };
  };
  return { value, number, oneOf, refuse, labels };
};

export type FieldReader = ReturnType<typeof createFieldReader>;

/** What BERT and ModernBERT both have, and other models here may have otherwise. */
const plainEncoder: Partial<ModelConfig> = {
  embeddingNorm: true,
  qkNorm: false,
  valueResidual: false,
  feedForward: "dense",
  feedForwardEvery: 1,
  residualScale: 1,
  sharedLayers: 0,
  funnel: null,
};

/** In what a model differs from a plain encoder with these fields, field by field. */
export const differencesFrom = (config: ModelConfig, own: Partial<ModelConfig>): string[] =>
  Object.entries({ ...own, ...plainEncoder }).flatMap(([field, value]) => {
    const found = config[field as keyof ModelConfig];
    if (found === value) return [];
    const shown = typeof found === "function" ? "of your own" : JSON.stringify(found);
    return [`${field} ${shown}, not ${JSON.stringify(value)}`];
  });

/** What a `config.json` says of the outputs of a head with labels. */
export const labelFields = (
  { head }: ModelConfig,
  { labels: names, severalLabels = false }: HuggingFaceOptions,
): HuggingFaceConfig => {
  if (!("labels" in head)) return {};
  if (names && names.length !== head.labels)
    throw fault({
      code: "invalid-argument",
      place: "labels",
      problem: `expected ${head.labels} names, one for each output of the head, got ${names.length}`,
      type: RangeError,
    });
  const labels = names ?? Array.from({ length: head.labels }, (_, i) => `LABEL_${i}`);
  return {
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    ...(head.type === "regression" && { problem_type: "regression" }),
    ...(head.type === "classification" && severalLabels && { problem_type: "multi_label_classification" }),
  };
};

/** What a `config.json` says of the labels of its head; nothing if it names none, or not all of them. */
export const labelsFromHuggingFace = ({ id2label, problem_type }: HuggingFaceConfig): HuggingFaceOptions => {
  const severalLabels = problem_type === "multi_label_classification";
  if (typeof id2label !== "object" || id2label === null) return { severalLabels };
  const names = id2label as Record<string, unknown>;
  const labels = Object.keys(names).map((_, i) => names[i]);
  const isWhole = labels.every((name): name is string => typeof name === "string");
  return { severalLabels, ...(isWhole && { labels }) };
};
