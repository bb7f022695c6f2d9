import { countFlops, type ModelConfig, parameterCount, preset } from "@cramkit/model";
import type { SizeFacts, SizeName } from "../protocol.ts";

/** Tokens of a row, and rows of a step. The same on every device, so that a run may move to another one. */
export const seqLength = 64;
export const batchSize = 8;
export const tokensPerStep = seqLength * batchSize;

interface Size {
  layers: number;
  hidden: number;
  heads: number;
  /** Peak of the learning rate. */
  learningRate: number;
  /** Standard deviation of the first weights. */
  deviation: number;
  /** A small one tells near positions apart: in the tiny model within 160 steps, where 10,000 takes 240. */
  rotaryBase: number;
}

const usual = { deviation: 0.06, rotaryBase: 10_000 };

export const modelSizes: Record<SizeName, Size> = {
  tiny: { layers: 2, hidden: 64, heads: 1, learningRate: 8e-3, deviation: 0.1, rotaryBase: 10 },
  small: { layers: 2, hidden: 128, heads: 2, learningRate: 4e-3, ...usual },
  medium: { layers: 4, hidden: 256, heads: 4, learningRate: 2e-3, ...usual },
  large: { layers: 6, hidden: 384, heads: 6, learningRate: 1e-3, ...usual },
};

/** Crammed BERT at a size for minutes, with rotary positions: these find the neighbours of a word within few steps. */
export const configOf = (size: SizeName, vocabSize: number): ModelConfig => {
  const { layers, hidden, heads, deviation, rotaryBase } = modelSizes[size];
  return preset("crammed-bert", {
    ...{ vocabSize, layers, hidden, heads, intermediate: 4 * hidden, maxLength: seqLength },
    ...{ position: "none", rotary: true, rotaryBase, init: { type: "small", std: deviation } },
  });
};

export const sizeFacts = (size: SizeName, vocabSize: number): SizeFacts => {
  const config = configOf(size, vocabSize);
  const { layers, hidden } = config;
  const { perToken } = countFlops(config, seqLength);
  return { size, layers, hidden, parameters: parameterCount(config), flopsPerToken: perToken };
};
