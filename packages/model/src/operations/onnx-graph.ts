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
  inputs: string[];
  outputs: string[];
  attributes: Record<string, OnnxAttribute>;
}

/** Plain numbers are integers. */
export type OnnxAttribute = number | number[] | { float: number } | { text: string };

export interface OnnxTensor {
  name: string;
  dtype: "F32" | "I64";
  shape: readonly number[];
  data: OnnxData | (() => OnnxData | Promise<OnnxData>);
}

type OnnxData = Float32Array | BigInt64Array;
