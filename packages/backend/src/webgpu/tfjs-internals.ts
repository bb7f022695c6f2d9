/// <reference types="@webgpu/types" />
import type { WebGPUProgram } from "@tensorflow/tfjs-backend-webgpu";
import { type BackendValues, type DataType, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { UniformField } from "./uniforms.ts";

/** What tfjs keeps of a tensor, and what Cramkit adds. */
export interface TensorData {
  values: BackendValues | null;
  dtype: DataType;
  shape: number[];
  refCount: number;
  /**
   * Buffer with the values.
   *
   * @defaultValue absent until the tensor is on the device
   */
  resource?: GPUBuffer | null;
  /**
   * Whether the buffer belongs to somebody else.
   *
   * @defaultValue `false`
   */
  external?: boolean;
  /**
   * Parts of a complex tensor.
   *
   * @defaultValue absent for real numbers
   */
  complexTensorInfos?: unknown;
  /**
   * Fills the buffer when something first binds it.
   *
   * @defaultValue absent if the buffer is filled
   */
  deferred?: { fill: () => void; dropped?: () => void };
  /**
   * One for each time that the values are held, also beyond the tensor's life: to be called before something writes over them.
   *
   * @defaultValue not held
   */
  holds?: (() => void)[];
  /**
   * Whether the tensor was disposed of while its values were held.
   *
   * @defaultValue `false`
   */
  outlived?: boolean;
}

/** What tfjs keeps private and this subclass has to share with it: one encoder, so that commands stay in order. */
export interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  activeTimers: unknown;
  uniformPendingDisposal: GPUBuffer[];
  stagingPendingDisposal: GPUBuffer[];
  tensorToBinding(tensor: TensorInfo): GPUBindingResource;
  recordAndSubmit(program: WebGPUProgram, output: TensorInfo, inputs: TensorInfo[], extra?: UniformField[]): void;
}

export const bytesOf = (dtype: DataType, shape: readonly number[]): number =>
  util.sizeFromShape(shape as number[]) * (dtype === "complex64" ? 8 : 4);

export const storageUsage = (): number => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
