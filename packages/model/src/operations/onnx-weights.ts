import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./onnx-graph.ts";
import { blockSize, fourBitBlocks, integerRows, rowScales, transposedMatrix } from "./quantize.ts";

/** How matrices are stored and multiplied, by the names that transformers.js has for it. */
export const onnxPrecisions = ["fp32", "fp16", "q8", "q4"] as const;
/**
 * - `fp32`: floats.
 * - `fp16`: stored in half precision, computed in float32.
 * - `q8`: integers of 8 bits with a scale for each output; the other factor becomes integers while the graph runs, with one
 *   scale for the whole batch.
 * - `q4`: integers of 4 bits with a scale for each 32 of them, computed in float32; embeddings and a tied decoder as in `q8`.
 */
export type OnnxPrecision = (typeof onnxPrecisions)[number];

/** A trained matrix, or anything else that is trained. */
export interface OnnxParameter {
  name: string;
  shape: readonly number[];
  data: () => Promise<Float32Array>;
}

/** What of a builder the weights need. */
export interface OnnxWriter {
  node(op: string, inputs: string[], attributes?: Record<string, OnnxAttribute>): string;
  /** The same node wherever it is asked for, once. */
  once(key: string, make: () => string): string;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  integers(values: readonly number[]): string;
}

export interface OnnxWeights {
  /** `x [..., in]`, `weight [out, in]` -> `[..., out]` */
  product(x: string, weight: OnnxParameter): string;
  /** `ids [batch, seq]`, `table [rows, width]` -> `[batch, seq, width]` */
  rows(ids: string, table: OnnxParameter): string;
}

/** A matrix of fewer rows, such as a classifier's, stays in floats: it takes no room, and what it yields is the answer. */
const fewRows = 32;

/**
 * Products and lookups of trained matrices. A product's matrix is stored as `[in, out]`, so that nothing stands between it and the
 * product: quantisers look for that. A table that is also a product's matrix, the embedding of a tied decoder, is stored
 * once, as that.
 *
 * @param tiedTable the name of such a table
 */
export const onnxWeights = (
  writer: OnnxWriter,
  precision: OnnxPrecision,
  tiedTable: string | undefined,
): OnnxWeights => {
  const { node, once, nodes, initializers, integers } = writer;
  const store = (name: string, tensor: Omit<OnnxTensor, "name">): string =>
    once(`stored ${name}`, () => {
      initializers.push({ name, ...tensor });
      return name;
    });
  const isFew = ({ shape }: OnnxParameter) => shape[0]! < fewRows;
  const dtype = precision === "fp16" ? "F16" : "F32";
  const isFloat = precision === "fp32" || precision === "fp16";
  const toFloat = (x: string): string => node("Cast", [x], { to: 1 });
  const widened = (stored: string, width: OnnxTensor["dtype"]): string =>
    width === "F32" ? stored : once(`wide ${stored}`, () => toFloat(stored));

  const transposed = ({ name, shape: [rows, width], data }: OnnxParameter, stored: "F32" | "F16"): string =>
    store(`${name}.transposed`, {
      dtype: stored,
      shape: [width!, rows!],
      data: async () => transposedMatrix(await data(), rows!),
    });
  const integersOf = ({ name, shape: [rows, width], data }: OnnxParameter, isTurned: boolean): string =>
    store(`${name}.int8`, {
      dtype: "I8",
      shape: isTurned ? [width!, rows!] : [rows!, width!],
      data: async () => {
        const values = integerRows(await data(), rows!);
        return isTurned ? transposedMatrix(values, rows!) : values;
      },
    });
  const scalesOf = ({ name, shape: [rows], data }: OnnxParameter): string =>
    store(`${name}.scale`, { dtype: "F32", shape: [rows!], data: async () => rowScales(await data(), rows!) });

  /** The nodes and their order are those that onnxruntime fuses to one. */
  const integerProduct = (x: string, weight: OnnxParameter): string => {
    const [values, scale, zero] = ["values", "scale", "zero"].map((part) => `${x}_${part}`) as [string, string, string];
    once(`quantized ${x}`, () => {
      nodes.push({ op: "DynamicQuantizeLinear", inputs: [x], outputs: [values, scale, zero], attributes: {} });
      return values;
    });
    const product = node("MatMulInteger", [values, integersOf(weight, true), zero]);
    return node("Mul", [toFloat(product), node("Mul", [scale, scalesOf(weight)])]);
  };
  const fourBitProduct = (x: string, weight: OnnxParameter): string => {
    const { name, data } = weight;
    const [rows, width] = weight.shape as [number, number];
    const blocks = Math.ceil(width / blockSize);
    const values = store(`${name}.int4`, {
      dtype: "U8",
      shape: [rows, blocks, blockSize / 2],
      data: async () => fourBitBlocks(await data(), rows).values,
    });
    const scales = store(`${name}.scale4`, {
      dtype: "F32",
      shape: [rows * blocks],
      data: async () => fourBitBlocks(await data(), rows).scales,
    });
    const product = node("MatMulNBits", [x, values, scales], { K: width, N: rows, bits: 4, block_size: blockSize });
    nodes.at(-1)!.domain = "com.microsoft";
    return product;
  };

  return {
    product(x, weight) {
      if (isFloat || isFew(weight)) return node("MatMul", [x, widened(transposed(weight, dtype), dtype)]);
      return precision === "q4" && weight.name !== tiedTable ? fourBitProduct(x, weight) : integerProduct(x, weight);
    },
    rows(ids, table) {
      const isTied = table.name === tiedTable;
      // Columns of what the decoder multiplies with: `[width, batch, seq]`.
      const gather = (stored: string, isTurned: boolean) => node("Gather", [stored, ids], { axis: isTurned ? 1 : 0 });
      const standing = (x: string) => (isTied ? node("Transpose", [x], { perm: [1, 2, 0] }) : x);
      if (isFloat || isFew(table)) {
        const { name, shape, data } = table;
        const stored = isTied ? transposed(table, dtype) : store(name, { dtype, shape, data });
        const found = gather(stored, isTied);
        return standing(dtype === "F32" ? found : toFloat(found));
      }
      const values = standing(toFloat(gather(integersOf(table, isTied), isTied)));
      const scales = node("Unsqueeze", [gather(scalesOf(table), false), integers([-1])]);
      return node("Mul", [values, scales]);
    },
  };
};
