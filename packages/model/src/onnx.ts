import { fault } from "@cramkit/errors";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { ModelConfig } from "./config.ts";
import { runEncoder } from "./encoder.ts";
import { runDecoder, runSequenceHead, runTokenHead } from "./heads.ts";
import type { Params } from "./init.ts";
import type { OnnxGraph, OnnxPort } from "./operations/onnx-graph.ts";
import { onnxBuilder } from "./operations/onnx-operations.ts";
import type { OnnxPrecision } from "./operations/onnx-weights.ts";
import { createScope } from "./scope.ts";

export interface OnnxOptions {
  /**
   * How matrices are stored and multiplied, by the names of transformers.js.
   * @defaultValue `"fp32"`
   */
  precision?: OnnxPrecision;
}

/**
 * A model as a graph of ONNX, operator set 17, for any batch and sequence length up to `maxLength`. Inputs are int64
 * `input_ids`, `attention_mask` and, if the model has token types, `token_type_ids`, each `[batch, sequence]`; the output
 * is `logits`, or `last_hidden_state` of a model without a head: the names that transformers.js knows.
 *
 * Borrows `params` until the graph is written: their data is fetched then, one tensor at a time.
 */
export const onnxGraph = (params: Params, config: ModelConfig, { precision = "fp32" }: OnnxOptions = {}): OnnxGraph => {
  const parameters = new Map(
    Object.entries(params).map(([name, tensor]) => [name, { name, shape: tensor.shape, data: () => dataOf(tensor) }]),
  );
  const isTied = config.head.type === "masked-language-model" && config.tieWeights;
  const { ops, nodes, initializers, finish } = onnxBuilder({
    precision,
    parameters,
    tiedTable: isTied ? "encoder.embedding.word_embedding.weight" : undefined,
  });
  const param = (name: string): string => {
    if (parameters.has(name)) return name;
    throw fault({
      code: "invalid-argument",
      place: "onnxGraph",
      problem: `expected a parameter ${name}, got none`,
      remedy: "pass the configuration that these parameters were made with",
      type: RangeError,
    });
  };
  const ids = (name: string): OnnxPort => ({ name, dtype: "I64", shape: ["batch", "sequence"] });
  const inputs = [
    ids("input_ids"),
    ids("attention_mask"),
    ...(config.typeVocabSize > 0 ? [ids("token_type_ids")] : []),
  ];
  nodes.push({ op: "Cast", inputs: ["attention_mask"], outputs: ["mask"], attributes: { to: 1 } });
  const scope = createScope(ops, param, { mask: "mask" });
  const hidden = runEncoder({ inputIds: "input_ids", tokenTypeIds: "token_type_ids" }, scope, config);
  const { head } = config;
  const output = (name: string, from: string, shape: OnnxPort["shape"]): OnnxPort => {
    nodes.push({ op: "Identity", inputs: [from], outputs: [name], attributes: {} });
    return { name, dtype: "F32", shape };
  };
  const rows = ["batch", "sequence"];
  const top = (): OnnxPort => {
    switch (head.type) {
      case "none":
        return output("last_hidden_state", hidden, [...rows, config.hidden]);
      case "masked-language-model":
        return output("logits", runDecoder(hidden, scope, config), [...rows, config.vocabSize]);
      case "token-classification":
        return output("logits", runTokenHead(hidden, scope, head, config), [...rows, head.labels]);
      default:
        return output("logits", runSequenceHead(hidden, scope, head, config), ["batch", head.labels]);
    }
  };
  const outputs = [top()];
  finish();
  return { name: "encoder", opset: 17, inputs, outputs, nodes, initializers };
};

const dataOf = async (tensor: Tensor): Promise<Float32Array> => (await tensor.data()) as Float32Array;
