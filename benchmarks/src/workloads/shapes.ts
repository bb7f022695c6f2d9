import { type ModelConfig, modelConfig, preset } from "@cramkit/model";
import { recipes } from "@cramkit/recipes";
import type { SuiteOptions } from "../measure/suite.ts";

/** A model and a microbatch. */
export interface Shape {
  name: string;
  config: ModelConfig;
  batch: number;
  seq: number;
}

const small = { layers: 4, hidden: 256, heads: 4, intermediate: 1024, activation: "gelu", vocabSize: 8192 } as const;

const shapes = {
  /** For --quick: every kernel once, in seconds on any adapter. */
  tiny: () => ({
    config: modelConfig({
      ...small,
      layers: 2,
      hidden: 64,
      heads: 2,
      intermediate: 128,
      vocabSize: 512,
      maxLength: 32,
    }),
    batch: 4,
    seq: 32,
  }),
  /** The training step that the project's notes name: 4 layers of 256, 16 x 128. */
  step: () => ({ config: modelConfig(small), batch: 16, seq: 128 }),
  /** One layer's width of crammed BERT, small enough for a CPU. */
  "crammed-bert-2-layers": () => ({
    config: preset("crammed-bert", { layers: 2, vocabSize: 8192 }),
    batch: 4,
    seq: 128,
  }),
  "crammed-bert": () => ({ config: preset("crammed-bert"), batch: 128, seq: 128 }),
  "crammed-2026": () => ({
    config: modelConfig({ ...preset("crammed-bert"), ...recipes["crammed-2026"]().model }),
    batch: 128,
    seq: 128,
  }),
  "bert-base": () => ({ config: preset("bert-base"), batch: 128, seq: 128 }),
  "bert-tiny": () => ({ config: preset("bert-tiny", { vocabSize: 8192 }), batch: 16, seq: 128 }),
  fnet: () => ({ config: preset("fnet"), batch: 128, seq: 128 }),
  funnel: () => ({ config: preset("funnel"), batch: 128, seq: 128 }),
  flash: () => ({ config: preset("flash"), batch: 128, seq: 128 }),
} satisfies Record<string, () => Omit<Shape, "name">>;

export const shapeNames = Object.keys(shapes);

/** What a suite runs if no shape is named. */
const defaults = (options: SuiteOptions, full: boolean): string[] => {
  if (options.quick) return ["tiny"];
  if (options.backend === "cpu") return full ? ["step", "bert-tiny", "crammed-bert-2-layers"] : ["step"];
  return full
    ? ["step", "crammed-bert", "bert-base", "bert-tiny", "fnet", "funnel", "flash"]
    : ["step", "crammed-bert"];
};

const numbers = ["batch", "seq", "layers", "hidden", "heads", "intermediate", "vocabSize"] as const;

/**
 * The shape of a text such as `crammed-bert` or `crammed-bert:batch=64,layers=4`.
 *
 * @throws RangeError naming what is known
 */
export const parseShape = (text: string): Shape => {
  const [base = "", changes = ""] = text.split(":", 2);
  if (!Object.hasOwn(shapes, base))
    throw new RangeError(`--shape: expected one of ${shapeNames.join(", ")}, got "${base}"; see --help`);
  const { config, batch, seq } = shapes[base as keyof typeof shapes]();
  const fields: Partial<Record<(typeof numbers)[number], number>> = {};
  for (const change of changes.split(",").filter(Boolean)) {
    const [key = "", value] = change.split("=");
    if (!numbers.includes(key as never) || !(Number(value) >= 1) || !Number.isInteger(Number(value)))
      throw new RangeError(`--shape: expected ${numbers.join(", ")} = a whole number from 1 on, got "${change}"`);
    fields[key as keyof typeof fields] = Number(value);
  }
  const { batch: newBatch = batch, seq: newSeq = seq, ...model } = fields;
  return {
    name: text,
    config: modelConfig({ ...config, ...model, maxLength: Math.max(config.maxLength, newSeq) }),
    batch: newBatch,
    seq: newSeq,
  };
};

/** The shapes of a run: those asked for, or the backend's usual ones; `full`: all of them. */
export const shapesOf = (options: SuiteOptions, { full = false } = {}): Shape[] =>
  (options.shapes.length > 0 ? options.shapes : defaults(options, full)).map(parseShape);
