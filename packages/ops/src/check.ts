import { fault } from "@cramkit/errors";
import { getBackend, Tensor } from "@tensorflow/tfjs-core";

/** A shape as the error messages print it: `[8, 512, 768]`. */
export const printShape = (shape: readonly (number | string)[]): string => `[${shape.join(", ")}]`;

/** Throws unless `tensor` is a live tensor of `dtype` and matches `shape`; names stand for any length, `...` for leading axes. */
export const checkTensor = (
  op: string,
  name: string,
  tensor: Tensor,
  shape: readonly (number | string)[],
  dtype: "float32" | "int32" = "float32",
): void => {
  if (!(tensor instanceof Tensor)) {
    throw fault({
      code: "invalid-argument",
      place: op,
      problem: `expected ${name} to be a tensor of ${printShape(shape)}, got ${typeof tensor}`,
      type: TypeError,
    });
  }
  if (tensor.isDisposed) {
    throw fault({
      code: "invalid-argument",
      place: op,
      problem: `expected ${name} ${printShape(tensor.shape)} to be alive, got a disposed tensor`,
      remedy: "tf.keep it or do not dispose it before use",
    });
  }
  if (tensor.dtype !== dtype) {
    throw fault({
      code: "invalid-argument",
      place: op,
      problem: `expected ${name} of dtype ${dtype}, got ${tensor.dtype} ${printShape(tensor.shape)}`,
      remedy: "use tf.cast",
      type: TypeError,
    });
  }
  const open = shape[0] === "...";
  const tail = open ? shape.slice(1) : shape;
  const actual = tensor.shape.slice(tensor.shape.length - tail.length);
  const fits =
    (open ? tensor.shape.length >= tail.length : tensor.shape.length === tail.length) &&
    tail.every((axis, i) => typeof axis === "string" || axis === actual[i]);
  if (!fits)
    throw fault({
      code: "invalid-argument",
      place: op,
      problem: `expected ${name} ${printShape(shape)}, got ${printShape(tensor.shape)}`,
      type: RangeError,
    });
};

/** Throws a RangeError unless `holds`. */
export const checkRange = (op: string, what: string, got: unknown, holds: boolean): void => {
  if (!holds)
    throw fault({ code: "invalid-argument", place: op, problem: `expected ${what}, got ${got}`, type: RangeError });
};

// Reading a tensor back is free only if its data lives in this process.
const hostBackends = new Set(["cpu", "cramkit-cpu", "wasm", "tensorflow"]);

/** For references: throws if `ids` leaves 0..limit-1. A device backend is not stalled for it; its kernels clamp. */
export const checkIds = (op: string, name: string, ids: Tensor, limit: number): void => {
  if (hostBackends.has(getBackend())) checkIdValues(op, name, ids.dataSync() as Int32Array, limit);
};

/** Throws if one of `values` is outside 0..limit-1. */
export const checkIdValues = (op: string, name: string, values: ArrayLike<number>, limit: number): void => {
  for (let i = 0; i < values.length; i++) {
    const id = values[i]!;
    if (id < 0 || id >= limit) {
      throw fault({
        code: "invalid-argument",
        place: op,
        problem: `expected ${name} in 0..${limit - 1}, got ${id} at flat index ${i}`,
        type: RangeError,
      });
    }
  }
};
