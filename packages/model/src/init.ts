import { checkSeed, fillNormal, type StreamKey, streamKey } from "@cramkit/random";
import { type Tensor, tensor } from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.ts";
import { orthogonal } from "./orthogonal.ts";
import { parameterTable } from "./parameters.ts";
import type { ParameterSpec } from "./part.ts";
import { checkConfig } from "./validate.ts";

/** A model's tensors under the names of the published crammed-bert checkpoint; linear weights are `[out, in]`. */
export type Params = Readonly<Record<string, Tensor>>;

/**
 * The first parameters of a model. Each is a function of the seed and its own name alone.
 *
 * @param seed an integer of 0 to 2^53 - 1
 * @throws RangeError if the configuration cannot work, naming the field
 */
export const init = (config: ModelConfig, seed: number): Params => {
  checkConfig(config);
  checkSeed("init", seed);
  const params: Record<string, Tensor> = {};
  for (const [name, spec] of Object.entries(parameterTable(config))) {
    params[name] = tensor(initialValues(name, spec, config, seed), [...spec.shape]);
  }
  return params;
};

/** The first values of one parameter. */
const initialValues = (name: string, spec: ParameterSpec, config: ModelConfig, seed: number): Float32Array => {
  const { shape, init } = spec;
  const count = shape.reduce((total, size) => total * size, 1);
  const key = streamKey(seed, "model/init", name);
  switch (init.type) {
    case "constant":
      return new Float32Array(count).fill(init.value);
    case "values":
      return init.values();
    case "normal": {
      const values = normals(count, config.init.std, key);
      const width = shape[1]!;
      if (init.paddingId !== undefined) values.fill(0, init.paddingId * width, (init.paddingId + 1) * width);
      return values;
    }
    case "linear": {
      const [outputs, inputs] = shape as [number, number];
      if (config.init.type === "agd-orthogonal") return orthogonal(outputs, inputs, key);
      return normals(count, deviation(config, outputs, inputs), key);
    }
  }
};

/** Draws of N(0, std): `[count]`. */
const normals = (count: number, std: number, key: StreamKey): Float32Array => {
  const values = new Float32Array(count);
  fillNormal(key, values, { std });
  return values;
};

/** The standard deviation of a linear weight. Without layers, scales by their number are those of one. */
const deviation = ({ init, hidden, layers: count }: ModelConfig, outputs: number, inputs: number): number => {
  const layers = Math.max(count, 1);
  switch (init.type) {
    case "small":
      return Math.sqrt(2 / (5 * hidden));
    case "megatron":
      return Math.sqrt(1 / (3 * hidden));
    case "wang":
      return 2 / (layers * Math.sqrt(hidden));
    case "deepnorm": // Xavier with the gain of DeepNet's encoders
      return (8 * layers) ** -0.25 * Math.sqrt(2 / (inputs + outputs));
    default:
      return init.std;
  }
};
