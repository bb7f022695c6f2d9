import { randomStream, streamKey } from "@cramkit/random";
import * as tf from "@tensorflow/tfjs-core";
import { init, type MaskedLossOptions, type ModelConfig, maskedLanguageModelLoss } from "../index.ts";

/** For tests: the losses of steps of Adam on one batch, 16 positions long, with a seed of its own for each step. */
export const trainOnOneBatch = (
  config: ModelConfig,
  steps: number,
  options: MaskedLossOptions = {},
  loss: typeof maskedLanguageModelLoss = maskedLanguageModelLoss,
): number[] => {
  const [batchSize, seqLength] = [4, 16];
  const size = batchSize * seqLength;
  const { below } = randomStream(streamKey(1, "batch"));
  const inputIds = Int32Array.from({ length: size }, (_, i) => below(config.vocabSize, i));
  const positions = Int32Array.from({ length: size / 4 }, (_, i) => 4 * i + 1);
  const targets = positions.map((i) => below(8, size + i));
  const batch = { batchSize, seqLength, inputIds, positions, targets };
  const params: Record<string, tf.Tensor> = { ...init(config, 7) };
  const names = Object.keys(params);
  const zeros = () => Object.fromEntries(names.map((name) => [name, tf.zerosLike(params[name]!)]));
  const [mu, nu] = [zeros(), zeros()];
  const losses: number[] = [];
  let alive = 0;
  for (let step = 1; step <= steps; step++) {
    const gradient = tf.valueAndGrads((...tensors) => {
      const named = Object.fromEntries(tensors.map((tensor, i) => [names[i]!, tensor]));
      return loss(named, config, batch, { dropout: { seed: 0, step }, ...options });
    });
    const { value, grads } = gradient(names.map((name) => params[name]!));
    losses.push(value.dataSync()[0]!);
    names.forEach((name, i) => {
      const [nextMu, nextNu, nextParam] = tf.tidy(() => {
        const first = tf.add(tf.mul(mu[name]!, 0.9), tf.mul(grads[i]!, 0.1));
        const second = tf.add(tf.mul(nu[name]!, 0.98), tf.mul(tf.square(grads[i]!), 0.02));
        const root = tf.sqrt(tf.mul(second, 1 / (1 - 0.98 ** step)));
        const change = tf.div(tf.mul(first, 3e-3 / (1 - 0.9 ** step)), tf.add(root, 1e-8));
        return [first, second, tf.sub(params[name]!, change)];
      });
      tf.dispose([mu[name]!, nu[name]!, params[name]!]);
      mu[name] = nextMu!;
      nu[name] = nextNu!;
      params[name] = nextParam!;
    });
    tf.dispose([value, grads]);
    if (step === 1) alive = tf.memory().numTensors;
    else if (tf.memory().numTensors !== alive)
      throw new Error(`step ${step} leaves ${tf.memory().numTensors - alive} tensors`);
  }
  tf.dispose([params, mu, nu]);
  return losses;
};

/** The mean of some numbers. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
