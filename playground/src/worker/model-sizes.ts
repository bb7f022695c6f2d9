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
}

export const modelSizes: Record<SizeName, Size> = {
  small: { layers: 2, hidden: 128, heads: 2, learningRate: 4e-3 },
  medium: { layers: 4, hidden: 256, heads: 4, learningRate: 2e-3 },
  large: { layers: 6, hidden: 384, heads: 6, learningRate: 1e-3 },
};

export const sizeNames = Object.keys(modelSizes) as SizeName[];

/** Crammed BERT at a size for minutes, with rotary positions: these find the neighbours of a word within few steps. */
export const configOf = (size: SizeName, vocabSize: number): ModelConfig => {
  const { layers, hidden, heads } = modelSizes[size];
  return preset("crammed-bert", {
    ...{ vocabSize, layers, hidden, heads, intermediate: 4 * hidden, maxLength: seqLength },
    ...{ position: "none", rotary: true, init: { type: "small", std: 0.06 } },
  });
};

export const sizeFacts = (size: SizeName, vocabSize: number): SizeFacts => {
  const config = configOf(size, vocabSize);
  const { layers, hidden } = config;
  const { perToken } = countFlops(config, seqLength);
  return { size, layers, hidden, parameters: parameterCount(config), flopsPerToken: perToken };
};
