import type { TensorInfo } from "@tensorflow/tfjs-core";

/** What is needed of a backend that records steps: that of CUDA has it. */
export interface StepRecorder {
  /** Called when memory runs out, before that is an error. */
  whenFull: (() => void) | undefined;
  record<T>(body: () => T, options: { inputs: readonly Int32Array[] }): StepRecording<T>;
  /** The values of a tensor in the place of another one's of its size. */
  overwrite(to: TensorInfo, from: TensorInfo): void;
  /** Has a tensor's values written as float32, if they were put off or are halves. */
  pointer(tensor: TensorInfo): bigint;
  /** Where a tensor's halves lie, if it has some beside its float32 form. */
  keptHalf(tensor: TensorInfo): bigint | undefined;
  /** To be called when a tensor has other values than before: forgets its halves. */
  written(tensor: TensorInfo): void;
  refCount(dataId: TensorInfo["dataId"]): number;
}

/** A recorded step, the numbers that a replay may have others of, and what the step returned. */
export interface StepRecording<T> {
  readonly result: T;
  readonly numbers: readonly { readonly name: string; readonly words: Int32Array }[];
  replay(): void;
  dispose(): void;
}
