/** The element types of safetensors that this package reads and writes. */
export type Dtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

export type TensorData = Float32Array | Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** What a header says about one tensor. */
export interface TensorInfo {
  name: string;
  /** The element type in the file. */
  dtype: Dtype;
  shape: readonly number[];
}

/**
 * One named tensor in memory. `dtype` is the type in the file; F16 and BF16 are held as a Float32Array, which represents
 * them exactly, and are rounded (to nearest, ties to even) when they are written.
 */
export interface TensorEntry extends TensorInfo {
  data: TensorData;
}

/** A tensor to be written, whose data may be fetched when its turn comes. */
export interface TensorToWrite extends TensorInfo {
  data: TensorData | (() => TensorData | Promise<TensorData>);
}

const widths: Record<Dtype, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

export const dtypes = Object.keys(widths) as Dtype[];

export const isDtype = (value: unknown): value is Dtype => {
  return typeof value === "string" && Object.hasOwn(widths, value);
};

/** Bytes of one element in a file. */
export const elementBytes = (dtype: Dtype): number => {
  return widths[dtype];
};

/** The number of elements of a shape; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => {
  return shape.reduce((count, size) => count * size, 1);
};

export const formatShape = (shape: readonly number[]): string => {
  return `[${shape.join(", ")}]`;
};
