import { fault } from "@cramkit/errors";
import { decodeBf16, decodeF16, encodeBf16, encodeF16 } from "./half.ts";
import {
  type Dtype,
  elementBytes,
  elementCount,
  formatShape,
  type TensorData,
  type TensorInfo,
} from "./tensor-entry.ts";

/** The elements of a tensor from its little-endian bytes in a file. The bytes may be used as they are: do not keep them. */
export const decodeElements = (dtype: Dtype, bytes: Uint8Array): TensorData => {
  const width = elementBytes(dtype);
  const { buffer, byteOffset, byteLength } = byteOf(bytes, width);
  const count = byteLength / width;
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, byteOffset, count);
    case "F32":
      return new Float32Array(buffer, byteOffset, count);
    case "F16":
      return decodeF16(new Uint16Array(buffer, byteOffset, count));
    case "BF16":
      return decodeBf16(new Uint16Array(buffer, byteOffset, count));
    case "I64":
      return new BigInt64Array(buffer, byteOffset, count);
    case "I32":
      return new Int32Array(buffer, byteOffset, count);
    case "I16":
      return new Int16Array(buffer, byteOffset, count);
    case "I8":
      return new Int8Array(buffer, byteOffset, count);
    case "U8":
    case "BOOL":
      return new Uint8Array(buffer, byteOffset, count);
  }
};

/** The little-endian bytes of a tensor's elements, rounded to `dtype` if it is narrower than the data. */
export const encodeElements = (info: TensorInfo, data: TensorData): Uint8Array => {
  if (data.length !== elementCount(info.shape)) {
    throw fault({
      code: "invalid-argument",
      place: "writeSafetensors",
      problem: `expected ${elementCount(info.shape)} elements for ${info.name} ${formatShape(info.shape)}, got ${data.length}`,
      type: RangeError,
    });
  }
  const elements = convert(info, data);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
};

const convert = ({ dtype, name }: TensorInfo, data: TensorData): ArrayBufferView => {
  const isWide = data instanceof BigInt64Array;
  if (dtype === "I64") return isWide ? data : BigInt64Array.from(data, (value) => BigInt(value));
  if (isWide)
    throw fault({
      code: "invalid-argument",
      place: "writeSafetensors",
      problem: `expected numbers for ${name} (${dtype}), got a BigInt64Array`,
      type: TypeError,
    });
  switch (dtype) {
    case "F64":
      return data instanceof Float64Array ? data : Float64Array.from(data);
    case "F32":
      return data instanceof Float32Array ? data : Float32Array.from(data);
    case "F16":
      return encodeF16(data);
    case "BF16":
      return encodeBf16(data);
    case "I32":
      return data instanceof Int32Array ? data : Int32Array.from(data);
    case "I16":
      return data instanceof Int16Array ? data : Int16Array.from(data);
    case "I8":
      return data instanceof Int8Array ? data : Int8Array.from(data);
    case "U8":
    case "BOOL":
      return data instanceof Uint8Array ? data : Uint8Array.from(data);
  }
};

/** `bytes`, copied only if typed arrays of this width could not be laid over them. */
const byteOf = (bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> => {
  const isAligned = bytes.byteOffset % width === 0 && bytes.buffer instanceof ArrayBuffer;
  return isAligned ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
};
