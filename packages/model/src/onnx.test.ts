import { registerGradients } from "@cramkit/ops";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import {
  classify,
  classifyTokens,
  encode,
  type Inputs,
  init,
  type ModelConfig,
  modelConfig,
  type OnnxAttribute,
  type OnnxGraph,
  onnxGraph,
  type Params,
  predictTokens,
  preset,
} from "./index.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
  registerGradients();
});

const small = {
  vocabSize: 48,
  hidden: 16,
  layers: 2,
  heads: 2,
  intermediate: 24,
  maxLength: 8,
  init: { type: "normal", std: 0.3 },
} as const;
const head = { type: "classification", labels: 3, width: 10, dropout: 0 } as const;

const cases: Record<string, ModelConfig> = {
  "crammed-bert": preset("crammed-bert", small),
  "crammed-bert-simple": preset("crammed-bert-simple", small),
  "hf-bert-base": preset("hf-bert-base", small),
  "bert-tiny": preset("bert-tiny", { ...small, embeddingSize: 6 }),
  "bert-c4": preset("bert-c4", { ...small, heads: 4 }),
  fnet: preset("fnet", small),
  "fnet-hybrid": preset("fnet-hybrid", { ...small, mixer: ["fourier-projected", "self-attention"] }),
  "fourier-experimental": preset("fnet", { ...small, mixer: "fourier-experimental" }),
  "untied decoder": modelConfig({ ...small, embeddingSize: 6, tieWeights: false, decoderBias: true }),
  "squared ReLU": modelConfig({ ...small, activation: "relu2" }),
  "squared ReLU with a gate": modelConfig({ ...small, activation: "relu2-glu" }),
  "normed queries and keys": modelConfig({ ...small, qkNorm: true, rotary: true }),
  "value residual": modelConfig({ ...small, layers: 3, valueResidual: true }),
  "normed, mixed, without a first norm": modelConfig({
    ...{ ...small, layers: 3, valueResidual: true, qkNorm: true, firstNorm: false, norm: "RMSNorm" },
  }),
  "value residual of tuformer": modelConfig({ ...small, mixer: "tuformer", valueResidual: true, qkNorm: true }),
  flash: preset("flash", small),
  funnel: preset("funnel", { ...small, layers: 5, funnel: [8, 4, 2, 4, 8] }),
  recurrent: preset("recurrent", { ...small, layers: 6 }),
  tuformer: modelConfig({ ...small, mixer: "tuformer" }),
  "normalized attention": modelConfig({ ...small, mixer: "normalized-attention" }),
  "unnormalized attention": modelConfig({ ...small, mixer: "unnormalized-attention" }),
  "cumulative attention": modelConfig({ ...small, mixer: "cumulative-attention" }),
  "cumulative-exp attention": modelConfig({ ...small, mixer: "cumulative-exp-attention" }),
  "sandwich, RMSNorm, Mish with a gate": modelConfig({
    ...small,
    normScheme: "sandwich",
    norm: "RMSNorm",
    activation: "mish-glu",
  }),
  "ScaleNorm, SiLU, every second feed-forward": modelConfig({
    ...small,
    norm: "ScaleNorm",
    activation: "silu",
    feedForwardEvery: 2,
  }),
  "local attention, LayerNorm without a bias": modelConfig({
    ...{ ...small, mixer: ["local-attention", "self-attention"], localAttention: { reach: 2, rotaryBase: 100 } },
    ...{ rotary: true, rotaryBase: 1000, norm: "LayerNorm-unbiased" },
  }),
  "no head": modelConfig({ ...small, head: { type: "none" } }),
  "first position": modelConfig({ ...small, head: { ...head, pooling: "first" } }),
  "no inner layer of the head": modelConfig({ ...small, head: { ...head, width: null, pooling: "first" } }),
  "mean pooling": modelConfig({ ...small, head: { ...head, pooling: "mean" } }),
  "max pooling": modelConfig({ ...small, head: { ...head, pooling: "max" } }),
  "logsumexp pooling": modelConfig({ ...small, head: { ...head, pooling: "logsumexp" } }),
  "token classification": modelConfig({ ...small, head: { type: "token-classification", labels: 5, dropout: 0 } }),
};

describe("an exported model runs in ONNX Runtime", () => {
  it.each(Object.entries(cases))("%s", async (_, config) => {
    const params = init(config, 3);
    const session = await InferenceSession.create(await encodeOnnx(onnxGraph(params, config)));
    for (const [batch, seq] of [
      [2, 8],
      [3, config.funnel ? 4 : 5],
    ] as const) {
      const ids = Int32Array.from({ length: batch * seq }, (_, i) => (i * 7 + 3) % config.vocabSize);
      const types = ids.map((id) => id % 2);
      const mask = ids.map((_, i) => (i % seq < seq - Math.floor(i / seq) ? 1 : 0)); // a position less in each row
      const feed = (data: Int32Array) => new Tensor("int64", BigInt64Array.from(data, BigInt), [batch, seq]);
      const feeds = { input_ids: feed(ids), attention_mask: feed(mask), token_type_ids: feed(types) };
      const found = await session.run(
        Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))),
      );
      const output = found[config.head.type === "none" ? "last_hidden_state" : "logits"]!;
      tf.tidy(() => {
        const tensor = (data: Int32Array) => tf.tensor2d(data, [batch, seq], "int32");
        const inputs = { inputIds: tensor(ids), attentionMask: tensor(mask), tokenTypeIds: tensor(types) };
        const expected = run(params, config, inputs);
        expect(output.dims).toEqual(expected.shape);
        const values = Float32Array.from(expected.dataSync());
        const largest = Math.max(...values.map(Math.abs));
        values.forEach((value, i) => {
          expect(Math.abs(Number(output.data[i]) - value) / Math.max(1, largest)).toBeLessThan(1e-4);
        });
      });
    }
    tf.dispose(params);
  });
});

/** Wide enough that every matrix is one of integers; a width of 40 fills up the last block of 4 bits. */
const wide = { ...small, hidden: 40, intermediate: 72, init: { type: "normal", std: 0.1 } } as const;
const tied = "encoder.embedding.word_embedding.weight";

describe("matrices of a graph", () => {
  const weights = Object.entries({ ...cases, wide: preset("hf-bert-base", wide) });

  it.each(weights)("stand next to their products, stored once: %s", (_, config) => {
    const params = init(config, 3);
    const { nodes, initializers } = onnxGraph(params, config);
    tf.dispose(params);
    const stored = initializers.map(({ name }) => name);
    expect(stored).toEqual([...new Set(stored)]);
    for (const { op, inputs } of nodes) if (op === "Transpose") expect(stored).not.toContain(inputs[0]);
    expect(stored.filter((name) => name.startsWith(tied))).toHaveLength(1);
  });

  it.each(["q8", "q4"] as const)("are integers in all products of trained matrices: %s", (precision) => {
    for (const config of [preset("crammed-bert", wide), preset("hf-bert-base", wide)]) {
      const params = init(config, 3);
      const { nodes, initializers } = onnxGraph(params, config, { precision });
      const dtypes = new Map(initializers.map(({ name, dtype }) => [name, dtype]));
      const products = nodes.filter(({ op, inputs }) => op.startsWith("MatMul") && dtypes.has(inputs[1]!));
      const matrices = Object.values(params).filter(({ shape }) => shape.length === 2 && shape[0]! >= 32).length;
      expect(products).toHaveLength(matrices); // the tables of positions and types have fewer rows
      for (const { op, inputs } of products) {
        const isFourBit = precision === "q4" && !inputs[1]!.startsWith(tied);
        expect([op, dtypes.get(inputs[1]!)]).toEqual(isFourBit ? ["MatMulNBits", "U8"] : ["MatMulInteger", "I8"]);
      }
      tf.dispose(params);
    }
  });

  it.each([
    ["q8", 0.05],
    ["q4", 0.25],
  ] as const)("give nearly the same in ONNX Runtime: %s", async (precision, tolerance) => {
    for (const config of [
      preset("crammed-bert", wide),
      preset("hf-bert-base", wide),
      modelConfig({ ...wide, embeddingSize: 34, tieWeights: false, decoderBias: true, predictionHead: "linear" }),
      modelConfig({ ...wide, head: { ...head, width: 40, pooling: "mean" } }),
      modelConfig({ ...wide, head: { type: "none" } }),
    ]) {
      const params = init(config, 3);
      const session = await InferenceSession.create(await encodeOnnx(onnxGraph(params, config, { precision })));
      const ids = Int32Array.from({ length: 14 }, (_, i) => (i * 7 + 3) % config.vocabSize);
      const feed = (data: Int32Array) => new Tensor("int64", BigInt64Array.from(data, BigInt), [2, 7]);
      const feeds: Record<string, Tensor> = {
        input_ids: feed(ids),
        attention_mask: feed(ids.map(() => 1)),
        token_type_ids: feed(ids.map(() => 0)),
      };
      const found = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]!])));
      tf.tidy(() => {
        const tensor = (data: Int32Array) => tf.tensor2d(data, [2, 7], "int32");
        const expected = run(params, config, { inputIds: tensor(ids), tokenTypeIds: tensor(ids.map(() => 0)) });
        const values = expected.dataSync();
        const output = Object.values(found)[0]!;
        expect(output.dims).toEqual(expected.shape);
        const norm = Math.hypot(...values);
        expect(Math.hypot(...values.map((value, i) => value - Number(output.data[i]))) / norm).toBeLessThan(tolerance);
        expect(Math.hypot(...values.map((value, i) => value - Number(output.data[i]))) / norm).toBeGreaterThan(1e-5);
      });
      tf.dispose(params);
    }
  });
});

function run(params: Params, config: ModelConfig, inputs: Inputs): tf.Tensor {
  if (config.head.type === "none") return encode(params, config, inputs);
  if (config.head.type === "token-classification") return classifyTokens(params, config, inputs);
  if (config.head.type === "masked-language-model")
    return predictTokens(params, config, encode(params, config, inputs));
  return classify(params, config, inputs);
}

/** The graph as an ONNX file, by a writer of its own: @cramkit/checkpoint's stands above this package's layer. */
async function encodeOnnx(graph: OnnxGraph): Promise<Uint8Array> {
  const varint = (value: number): number[] => {
    const bits = BigInt.asUintN(64, BigInt(value));
    const count = Math.max(1, Math.ceil(bits.toString(2).length / 7));
    return Array.from({ length: count }, (_, i) => Number((bits >> BigInt(7 * i)) & 127n) | (i < count - 1 ? 128 : 0));
  };
  const bytes = (field: number, content: Uint8Array): Uint8Array =>
    Buffer.concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
  const text = (field: number, value: string) => bytes(field, Buffer.from(value));
  const integer = (field: number, value: number): Uint8Array =>
    Uint8Array.from([...varint(field * 8), ...varint(value)]);
  const message = (field: number, ...parts: Uint8Array[]) => bytes(field, Buffer.concat(parts));
  const attribute = (name: string, value: OnnxAttribute): Uint8Array => {
    if (typeof value === "number") return message(5, text(1, name), integer(3, value), integer(20, 2));
    if ("float" in value)
      return message(
        5,
        text(1, name),
        Uint8Array.of(21),
        new Uint8Array(Float32Array.of(value.float).buffer),
        integer(20, 1),
      );
    if ("text" in value) return message(5, text(1, name), text(4, value.text), integer(20, 3));
    return message(5, text(1, name), ...value.map((one) => integer(8, one)), integer(20, 7));
  };
  const type = { F32: 1, U8: 2, I8: 3, I64: 7, F16: 10 };
  const port = (field: number, { name, dtype, shape }: OnnxGraph["inputs"][number]) => {
    const axes = shape.map((axis) => message(1, typeof axis === "string" ? text(2, axis) : integer(1, axis)));
    return message(field, text(1, name), message(2, message(1, integer(1, type[dtype]), message(2, ...axes))));
  };
  const nodes = graph.nodes.map(({ op, domain = "", inputs, outputs, attributes }) =>
    message(
      1,
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(4, op),
      text(7, domain),
      ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    ),
  );
  const tensors: Uint8Array[] = [];
  for (const { name, dtype, shape, data } of graph.initializers) {
    const values = typeof data === "function" ? await data() : data;
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    tensors.push(
      message(5, ...shape.map((size) => integer(1, size)), integer(2, type[dtype]), text(8, name), bytes(9, raw)),
    );
  }
  const ports = [...graph.inputs.map((input) => port(11, input)), ...graph.outputs.map((output) => port(12, output))];
  return Buffer.concat([
    integer(1, 8),
    message(7, ...nodes, text(2, graph.name), ...tensors, ...ports),
    message(8, integer(2, graph.opset)),
    message(8, text(1, "com.microsoft"), integer(2, 1)),
  ]);
}
