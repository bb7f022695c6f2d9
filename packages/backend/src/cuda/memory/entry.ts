import { fault } from "@cramkit/errors";
import type { BackendValues, DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { Block } from "./pool.ts";

/** How a tensor that nothing has asked for yet is written. */
export interface Deferred {
  /** Writes its halves, or its float32 form. */
  fill(half: boolean): void;
  /** Called if it is disposed of before. @defaultValue nothing is to be done */
  dropped?(): void;
  /** A new tensor: the sum with another one of its shape. @defaultValue it is written, and then added */
  addedTo?(other: TensorInfo): TensorInfo;
}

/** What is kept of a tensor: values of the host until a kernel wants them, memory of the device from then on. */
export interface Entry {
  readonly dtype: DataType;
  refCount: number;
  /** Kept beside the device's if they are few. */
  values: BackendValues | undefined;
  block: Block | undefined;
  /** The same values in half precision: beside `block`, or alone. @defaultValue none */
  half?: Block;
  /** Work that is to write this tensor, which nothing has asked for yet. @defaultValue it is written */
  deferred?: Deferred;
  /** Who still needs the values, whether the tensor is disposed of or not. @defaultValue `0` */
  holds?: number;
  readonly size: number;
}

/** Values as the device has them: float32 or int32. */
export const wordsOf = (values: BackendValues, dtype: DataType): Float32Array | Int32Array => {
  if (dtype === "string")
    throw fault({
      code: "unsupported",
      place: "cuda",
      problem: "expected numbers, got strings",
      remedy: "keep strings on the host",
      type: TypeError,
    });
  const numbers = values as ArrayLike<number>;
  if (dtype === "float32") return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
  return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
};
