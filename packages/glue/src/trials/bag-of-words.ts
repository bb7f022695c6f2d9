import { checkOptions } from "@cramkit/errors";
import type { Batch } from "./batches.ts";
import { templateEncode } from "./encoded.ts";
import type { Trainee, Trial, TrialSetting } from "./trainee.ts";

export interface BagOfWordsOptions {
  /**
   * Words share this many weights, by hash.
   * @defaultValue `2 ** 18`
   */
  buckets?: number;
  /**
   * Of Adagrad; the protocol's rate is scaled to a network's size and only its course over time is kept.
   * @defaultValue `0.5`
   */
  learningRate?: number;
}

/**
 * A linear model over the words of a text, and of each text of a pair: what can be had without a network. Cross-entropy,
 * or squared error, with Adagrad, in plain JavaScript. It starts at zero, so its seed does not matter.
 */
export const bagOfWords = (options: BagOfWordsOptions = {}): Trainee => {
  checkOptions("bagOfWords", options, { buckets: true, learningRate: true });
  const { buckets = 1 << 18, learningRate = 0.5 } = options;
  const encode = templateEncode({
    encodeIds: (text) =>
      (text.toLowerCase().match(/\p{L}[\p{L}'-]*|\p{N}+|[^\s\p{L}\p{N}]/gu) ?? []).map(
        (each) => 3 + (hash(each) % buckets),
      ),
    firstId: 1,
    separatorId: 2,
  });
  return {
    id: `bag-of-words ${buckets} ${learningRate}`,
    padId: 0,
    encode,
    startTrial: async (setting) => startTrial(setting, (buckets + 3) * 2, learningRate),
  };
};

const startTrial = ({ outputs, regression, protocol }: TrialSetting, features: number, learningRate: number): Trial => {
  const weights = new Float32Array(features * outputs);
  const squares = new Float32Array(features * outputs).fill(1e-6);

  /** Scores of a row: the sum over its features, scaled so that long texts are not louder. */
  const forward = (row: Uint32Array): Float64Array => {
    const scores = new Float64Array(outputs);
    for (const feature of row) for (let k = 0; k < outputs; k++) scores[k]! += weights[feature * outputs + k]!;
    return scores.map((each) => each / Math.sqrt(row.length));
  };
  const step = (row: Uint32Array, gradient: Float64Array, rate: number): void => {
    for (const feature of row)
      for (let k = 0; k < outputs; k++) {
        const at = feature * outputs + k;
        const g = gradient[k]! / Math.sqrt(row.length);
        squares[at]! += g * g;
        weights[at]! -= (rate * g) / Math.sqrt(squares[at]!);
      }
  };

  return {
    async fit(batches, report) {
      for await (const batch of batches) {
        const rate = (learningRate * batch.learningRate) / protocol.learningRate;
        const rows = Array.from({ length: batch.size }, (_, i) => featuresOf(batch, i));
        const scores = rows.map(forward);
        let loss = 0;
        for (const [i, row] of rows.entries()) {
          const label = batch.labels[i]!;
          const gradient = regression ? scores[i]!.map((each) => each - label) : softmax(scores[i]!);
          loss += regression ? gradient[0]! ** 2 : -Math.log(gradient[label]!);
          if (!regression) gradient[label]! -= 1;
          step(row, gradient, rate);
        }
        report(loss / batch.size);
      }
    },
    async predict(batch) {
      return Array.from({ length: batch.size }, (_, i) => [...forward(featuresOf(batch, i))]).flat();
    },
    dispose() {},
  };
};

/** The distinct tokens of a row, those of a second text apart from the first's. */
const featuresOf = ({ inputIds, typeIds, attentionMask, seqLength }: Batch, row: number): Uint32Array => {
  const features = new Set<number>();
  for (let at = row * seqLength; at < (row + 1) * seqLength; at++)
    if (attentionMask[at] === 1) features.add(inputIds[at]! * 2 + typeIds[at]!);
  return Uint32Array.from(features);
};

const softmax = (scores: Float64Array): Float64Array => {
  const highest = Math.max(...scores);
  const powers = scores.map((each) => Math.exp(each - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((each) => each / sum);
};

/** FNV-1a. */
const hash = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};
