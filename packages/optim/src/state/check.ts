import { checkOptions, fault, shown } from "@cramkit/errors";
import type { Progress, Rate } from "../contracts.ts";

const expectRange = (where: string, name: string, value: number, range: string, holds: boolean): void => {
  if (!(holds && typeof value === "number"))
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected "${name}" ${range}, got ${shown(value)}`,
      type: RangeError,
    });
};

/** Refuses what is left of the options when those of `names` are taken: one that is misspelt would be left out without a word. */
export const checkNoMore = (where: string, rest: object, names: string): void => {
  const known = Object.fromEntries(names.split(", ").map((name) => [name, true as const]));
  checkOptions<Record<string, unknown>>(where, rest as Record<string, unknown>, known);
};

type Hyperparameters = Readonly<Record<string, number>>;

/** Decay factors of moving averages: in [0, 1). */
export const checkBetas = (where: string, betas: Hyperparameters): void => {
  for (const [name, value] of Object.entries(betas))
    expectRange(where, name, value, "in [0, 1)", value >= 0 && value < 1);
};

export const checkNonNegative = (where: string, values: Hyperparameters): void => {
  for (const [name, value] of Object.entries(values)) {
    expectRange(where, name, value, "to be a finite number of at least 0", value >= 0 && value < Infinity);
  }
};

export const checkPositive = (where: string, values: Hyperparameters): void => {
  for (const [name, value] of Object.entries(values)) {
    expectRange(where, name, value, "to be a finite number above 0", value > 0 && value < Infinity);
  }
};

export const checkCount = (where: string, values: Hyperparameters): void => {
  for (const [name, value] of Object.entries(values)) {
    expectRange(where, name, value, "to be a whole number above 0", Number.isSafeInteger(value) && value > 0);
  }
};

/** A constant rate is checked when the optimizer is made, a schedule whenever it is read. */
export const checkRate = (where: string, rate: Rate): void => {
  if (typeof rate !== "function") checkNonNegative(where, { learningRate: rate });
};

export const rateAt = (where: string, rate: Rate, progress: Progress): number => {
  const value = typeof rate === "function" ? rate(progress) : rate;
  checkNonNegative(where, { learningRate: value });
  return value;
};

const shapeText = (shape: readonly number[]) => `[${shape.join(", ")}]`;

type Shapes = Readonly<Record<string, { shape: readonly number[] }>>;

/** Gradients and moments have the names and shapes of the parameters. */
export const checkFit = (where: string, what: string, map: Shapes | undefined, params: Shapes): void => {
  if (map === undefined)
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected a state with "${what}", got none`,
      remedy: "make it with init()",
      type: TypeError,
    });
  for (const [name, param] of Object.entries(params)) {
    const shape = map[name]?.shape;
    if (!shape)
      throw fault({
        code: "invalid-argument",
        place: where,
        problem: `expected ${what} to hold "${name}" as the parameters do, got none`,
        type: RangeError,
      });
    if (shape.length !== param.shape.length || shape.some((size, i) => size !== param.shape[i])) {
      throw fault({
        code: "invalid-argument",
        place: where,
        problem: `expected ${what} of "${name}" to be ${shapeText(param.shape)}, got ${shapeText(shape)}`,
        type: RangeError,
      });
    }
  }
  const extra = Object.keys(map).find((name) => !(name in params));
  if (extra !== undefined)
    throw fault({
      code: "invalid-argument",
      place: where,
      problem: `expected ${what} of the parameters only, got "${extra}" too`,
      type: RangeError,
    });
};
