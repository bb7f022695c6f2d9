import { fault } from "@cramkit/errors";
import { encodeF16 } from "./half.ts";
import { floatField, integerField, messageField, type Piece, textField } from "./protobuf.ts";
import { elementCount, formatShape } from "./tensor-entry.ts";

/** A computation in the terms of ONNX, as plain data. */
export interface OnnxGraph {
  name: string;
  /** Version of the default operator set. */
  opset: number;
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
  /** In an order in which they can run. */
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxTensor[];
}

/** An input or output; an axis that varies has a name for its size. */
export interface OnnxPort {
  name: string;
  dtype: "F32" | "I64";
  shape: readonly (number | string)[];
}

export interface OnnxNode {
  op: string;
  /**
   * Whose operator it is.
   * @defaultValue ONNX's own
   */
  domain?: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Plain numbers are integers. */
export type OnnxAttribute = number | readonly number[] | { float: number } | { text: string };

export interface OnnxTensor {
  name: string;
  /** The type in the file; F16 is held as a Float32Array and rounded (to nearest, ties to even) when it is written. */
  dtype: "F32" | "F16" | "I64" | "I8" | "U8";
  shape: readonly number[];
  data: OnnxData | (() => OnnxData | Promise<OnnxData>);
}

type OnnxData = Float32Array | BigInt64Array | Int8Array | Uint8Array;

/** Element types of ONNX's TensorProto. */
const elementTypes = { F32: 1, U8: 2, I8: 3, I64: 7, F16: 10 } as const;
const elementWidths = { F32: 4, U8: 1, I8: 1, I64: 8, F16: 2 } as const;
/** Version 8 of the file format came with operator set 15. */
const formatVersion = 8;
const largestFile = 2 ** 31 - 1;

/** An ONNX file piece by piece; a tensor's data is asked for when its turn comes. */
export async function* onnxChunks(graph: OnnxGraph, metadata: Record<string, string> = {}): AsyncGenerator<Uint8Array> {
  const domains = [...new Set(graph.nodes.flatMap(({ domain }) => domain ?? []))];
  const model = [
    ...integerField(1, formatVersion),
    ...textField(2, "cramkit"),
    ...messageField(7, graphMessage(graph)),
    ...messageField(8, integerField(2, graph.opset)),
    // Version 1 is the only one of any other set.
    ...domains.flatMap((domain) => messageField(8, [...textField(1, domain), ...integerField(2, 1)])),
    ...Object.entries(metadata).flatMap(([key, value]) =>
      messageField(14, [...textField(1, key), ...textField(2, value)]),
    ),
  ];
  const size = model.reduce((sum, piece) => sum + piece.byteLength, 0);
  if (size > largestFile) {
    throw fault({
      code: "invalid-argument",
      place: "writeOnnx",
      problem: `expected a model of less than 2 GiB, which is what the format allows in one file, got ${size} bytes`,
      type: RangeError,
    });
  }
  for (const piece of model) yield piece instanceof Uint8Array ? piece : await piece.bytes();
}

const graphMessage = ({ name, inputs, outputs, nodes, initializers }: OnnxGraph): Piece[] => {
  return [
    ...nodes.flatMap((node, index) => messageField(1, nodeMessage(node, index))),
    ...textField(2, name),
    ...initializers.flatMap((tensor) => messageField(5, tensorMessage(tensor))),
    ...inputs.flatMap((port) => messageField(11, portMessage(port))),
    ...outputs.flatMap((port) => messageField(12, portMessage(port))),
  ];
};

const nodeMessage = ({ op, domain, inputs, outputs, attributes }: OnnxNode, index: number): Piece[] => {
  return [
    ...inputs.flatMap((input) => textField(1, input)),
    ...outputs.flatMap((output) => textField(2, output)),
    ...textField(3, `${op}_${index}`),
    ...textField(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => messageField(5, attributeMessage(name, value))),
    ...(domain === undefined ? [] : textField(7, domain)),
  ];
};

/** The field of the value, then the type that says which field it is. */
const attributeMessage = (name: string, value: OnnxAttribute): Piece[] => {
  const title = textField(1, name);
  if (typeof value === "number") return [...title, ...integerField(3, value), ...integerField(20, 2)];
  if ("float" in value) return [...title, ...floatField(2, value.float), ...integerField(20, 1)];
  if ("text" in value) return [...title, ...textField(4, value.text), ...integerField(20, 3)];
  return [...title, ...value.flatMap((one) => integerField(8, one)), ...integerField(20, 7)];
};

const tensorMessage = ({ name, dtype, shape, data }: OnnxTensor): Piece[] => {
  const byteLength = elementCount(shape) * elementWidths[dtype];
  const bytes = async () => {
    const values = typeof data === "function" ? await data() : data;
    const stored = dtype === "F16" ? encodeF16(values as Float32Array) : values;
    const { buffer, byteOffset, byteLength: found } = stored;
    if (found !== byteLength) {
      throw fault({
        code: "invalid-argument",
        place: "writeOnnx",
        problem: `expected ${byteLength} bytes for ${name} ${formatShape(shape)}, got ${found}`,
        type: RangeError,
      });
    }
    return new Uint8Array(buffer, byteOffset, found);
  };
  return [
    ...shape.flatMap((size) => integerField(1, size)),
    ...integerField(2, elementTypes[dtype]),
    ...textField(8, name),
    ...messageField(9, [{ byteLength, bytes }]),
  ];
};

const portMessage = ({ name, dtype, shape }: OnnxPort): Piece[] => {
  const axes = shape.flatMap((axis) =>
    messageField(1, typeof axis === "string" ? textField(2, axis) : integerField(1, axis)),
  );
  const tensor = [...integerField(1, elementTypes[dtype]), ...messageField(2, axes)];
  return [...textField(1, name), ...messageField(2, messageField(1, tensor))];
};
