import { fault, type KnownOptions } from "@cramkit/errors";
import type { ModelConfig } from "@cramkit/model";
import type { TaskKind } from "../examples/task.ts";

/** How a model is finetuned. Plain data. */
export interface Settings {
  /** At most; the best one on the dev set counts. */
  readonly epochs: number;
  readonly batchSize: number;
  /** The peak, of the head and without `layerDecay` of every layer. */
  readonly learningRate: number;
  /** Share of the steps over which the rate climbs from 0; it then falls to 0 along a line. */
  readonly warmup: number;
  readonly weightDecay: number;
  /** Factor of the rate from each layer to the one below. */
  readonly layerDecay: number;
  readonly clipNorm: number;
  /** Of embeddings, attention, residuals and the head. */
  readonly dropout: number;
  /** How hidden states of a text become one. */
  readonly pooling: "first" | "mean";
  /** Tokens of an example, special ones included. */
  readonly maxLength: number;
  /** Of embeddings: similarities are divided by it before the softmax. */
  readonly temperature: number;
  /** `balanced`: each class weighs as much as every other, as in scikit-learn. */
  readonly classWeights: "none" | "balanced";
  /** Epochs without a better score before it ends. */
  readonly patience: number;
  readonly seed: number;
  /** For mixed precision. */
  readonly lossScaling: boolean;
}

export const settingNames: KnownOptions<Settings> = {
  epochs: true,
  batchSize: true,
  learningRate: true,
  warmup: true,
  weightDecay: true,
  layerDecay: true,
  clipNorm: true,
  dropout: true,
  pooling: true,
  maxLength: true,
  temperature: true,
  classWeights: true,
  patience: true,
  seed: true,
  lossScaling: true,
};

/**
 * Settings with what the caller leaves out. A smaller model wants a larger rate: 4e-5 at 768, as the study, and with
 * (768 / hidden)^1.5 more below, at most 1e-3. Embeddings learn from large batches, whose other texts are what does not
 * belong together, and their vector is the mean of a text's tokens.
 *
 * @throws a fault `invalid-argument` over a value that cannot be, and over one that the kind of task has no use for
 */
export const settingsFor = (kind: TaskKind, config: ModelConfig, changes: Partial<Settings>): Settings => {
  requireUse(kind, changes);
  const isBert = config.normScheme === "post" && config.position === "learned";
  const usual: Settings = {
    epochs: 5,
    batchSize: kind === "embedding" ? 64 : 16,
    learningRate: Number(Math.min(1e-3, 4e-5 * Math.max(1, (768 / config.hidden) ** 1.5)).toPrecision(2)),
    warmup: 0.1,
    weightDecay: 0.01,
    layerDecay: 1,
    clipNorm: 1,
    dropout: 0.1,
    pooling: isBert && kind !== "embedding" ? "first" : "mean",
    maxLength: Math.min(128, config.maxLength),
    temperature: 0.05,
    classWeights: "none",
    patience: 2,
    seed: 0,
    lossScaling: false,
  };
  // The caller's options hold more than settings: examples, a model, a signal.
  const settings = Object.fromEntries(
    Object.entries(usual).map(([name, value]) => [name, changes[name as keyof Settings] ?? value]),
  ) as unknown as Settings;
  const refuse = (name: keyof Settings, expected: string) => {
    throw fault({
      code: "invalid-argument",
      place: "finetune",
      problem: `expected ${name} to be ${expected}, got ${settings[name]}`,
      remedy: `change ${name}`,
      type: RangeError,
    });
  };
  for (const name of ["epochs", "batchSize", "patience"] as const)
    if (!Number.isInteger(settings[name]) || settings[name] < 1 || settings[name] > 1e6)
      refuse(name, "a whole number from 1 to 1,000,000");
  for (const name of ["learningRate", "layerDecay"] as const)
    if (!(settings[name] > 0 && settings[name] <= 1)) refuse(name, "a number above 0 and at most 1");
  if (!(settings.temperature > 0 && settings.temperature <= 100)) refuse("temperature", "above 0 and at most 100");
  if (kind === "embedding" && settings.batchSize < 2) refuse("batchSize", "at least 2: a text is told from the others");
  if (!(settings.clipNorm > 0 && Number.isFinite(settings.clipNorm))) refuse("clipNorm", "a number above 0");
  for (const name of ["warmup", "dropout"] as const)
    if (!(settings[name] >= 0 && settings[name] < 1)) refuse(name, "from 0 to below 1");
  if (!(settings.weightDecay >= 0 && settings.weightDecay <= 1)) refuse("weightDecay", "a number from 0 to 1");
  if (!Number.isInteger(settings.maxLength) || settings.maxLength < 4 || settings.maxLength > config.maxLength)
    refuse("maxLength", `a whole number from 4 to ${config.maxLength}, the longest that the model takes`);
  if (!Number.isInteger(settings.seed) || settings.seed < 0 || settings.seed > 0xffffffff)
    refuse("seed", "a whole number from 0 to 2^32 - 1");
  return settings;
};

/** The learning rate of a step, from 0 of `steps`: up along a line, then down along one, never 0. */
export const rateAt = ({ learningRate, warmup }: Settings, step: number, steps: number): number => {
  const climb = Math.floor(warmup * steps);
  if (step < climb) return (learningRate * (step + 1)) / climb;
  return learningRate * (1 - (step - climb) / Math.max(1, steps - climb));
};

/** Which settings are for some kinds of task alone. */
const uses: Partial<Record<keyof Settings, readonly TaskKind[]>> = {
  classWeights: ["classes"],
  pooling: ["classes", "labels", "score", "embedding"],
  temperature: ["embedding"],
};

/** Refuses a setting that would change nothing. */
const requireUse = (kind: TaskKind, changes: Partial<Settings>): void => {
  for (const [name, kinds] of Object.entries(uses) as [keyof Settings, readonly TaskKind[]][]) {
    const isUsual = changes[name] === undefined || changes[name] === "none";
    if (isUsual || kinds.includes(kind)) continue;
    throw fault({
      code: "invalid-argument",
      place: "finetune",
      problem: `expected ${name} with ${kinds.join(", ")}, got it with ${kind}, which does not use it`,
      remedy: `leave ${name} out`,
      type: RangeError,
    });
  }
};
