import type { ModelConfig } from "./config.ts";
import { encoderParameters } from "./encoder.ts";
import { headParameters } from "./heads.ts";
import { countParameters, type ParameterTable } from "./part.ts";

/** Every parameter of a model: names, shapes and how each starts, without a tensor. */
export const parameterTable = (config: ModelConfig): ParameterTable => ({
  ...encoderParameters(config),
  ...headParameters(config),
});

/** Names and shapes, as a checkpoint's header lists them. */
export const parameterShapes = (config: ModelConfig): { name: string; shape: readonly number[] }[] =>
  Object.entries(parameterTable(config)).map(([name, { shape }]) => ({ name, shape }));

/** The number of trained values; the decoder's tied weight counts once. */
export const parameterCount = (config: ModelConfig): number => countParameters(parameterTable(config));
