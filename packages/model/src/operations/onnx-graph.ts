/** A computation in the terms of ONNX, as plain data; @cramkit/checkpoint writes it to a file. */
export interface OnnxGraph {
  name: string;
  opset: number;
  inputs: OnnxPort[];
  outputs: OnnxPort[];
  /** In an order in which they can run. */
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
}

/** An input or output of the graph; an axis that varies has a name for its size. */
export interface OnnxPort {
  name: string;
  dtype: "F32" | "I64";
  shape: (number | string)[];
}

export interface OnnxNode {
  op: string;
  /**
   * Whose operator it is.
   * @defaultValue ONNX's own
   */
  domain?: "com.microsoft";
  inputs: string[];
  outputs: string[];
  attributes: Record<string, OnnxAttribute>;
}

/** Plain numbers are integers. */
export type OnnxAttribute = number | number[] | { float: number } | { text: string };

export interface OnnxTensor {
  name: string;
  /** The type in the file; F16 is held as a Float32Array and rounded when it is written. */
  dtype: "F32" | "F16" | "I64" | "I8" | "U8";
  shape: readonly number[];
  data: OnnxData | (() => OnnxData | Promise<OnnxData>);
}

type OnnxData = Float32Array | BigInt64Array | Int8Array | Uint8Array;
