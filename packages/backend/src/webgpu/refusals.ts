import { type Fault, fault } from "@cramkit/errors";

/** More workgroups than a dispatch may have. */
export const tooManyGroups = (place: string, limit: number, grid: readonly number[]): Fault =>
  fault({
    code: "invalid-argument",
    place,
    problem: `expected at most ${limit} workgroups a dimension, got [${grid}]`,
    remedy: "use a smaller batch",
    type: RangeError,
  });

/** A tensor that no buffer of the device takes. */
export const tooLargeTensor = (limit: number, shape: readonly number[], bytes: number): Fault =>
  fault({
    code: "out-of-memory",
    place: "webgpu",
    problem: `expected a tensor of at most ${limit} bytes, got [${shape}] with ${bytes}`,
    remedy: "use a smaller batch",
    type: RangeError,
  });

export const disposedTensor = (): Fault =>
  fault({
    code: "invalid-argument",
    place: "webgpu",
    problem: "expected a live tensor, got one that was disposed of",
    remedy: "tf.keep it or dispose of it later",
  });

export const cannotBlock = (): Fault =>
  fault({
    code: "unsupported",
    place: "dataSync",
    problem: "WebGPU cannot block outside of a browser",
    remedy: "use `await tensor.data()`",
  });
