import type { DataType, KernelConfig, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { Program } from "./program.ts";

/** What kernel variants are chosen by; the WebGPU backend of `@cramkit/backend` reads it off the device. */
export interface Capabilities {
  /** Plain float32, f16 operands with float32 accumulation, or subgroup matrices. */
  tier: "float32" | "float16" | "matrix";
  subgroupMinSize: number;
  subgroupMaxSize: number;
  /** Whether a shader may ask for a size of subgroups. */
  subgroupSizeControl: boolean;
  /** Subgroup matrices of f16 that accumulate in float32. */
  matrix: readonly { m: number; n: number; k: number }[];
  matrixSpelling: "new" | "old" | undefined;
  limits: {
    maxComputeWorkgroupStorageSize: number;
    maxComputeInvocationsPerWorkgroup: number;
    maxComputeWorkgroupsPerDimension: number;
    maxStorageBufferBindingSize: number;
    maxStorageBuffersPerShaderStage: number;
  };
  /** Kernel family -> variant name, to force one. */
  variants: Readonly<Record<string, string>>;
}

/** A tensor as a binding, or a part of one; offsets are multiples of 256 bytes. */
export type KernelBinding = TensorInfo | { tensor: TensorInfo; byteOffset: number; byteLength: number };

/** What these kernels need of the backend that runs them. */
export interface Host {
  readonly capabilities: Capabilities;
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo;
  disposeData(dataId: object): boolean;
  dispatch(
    program: Program,
    bindings: readonly KernelBinding[],
    uniforms: Readonly<Record<string, number>>,
    grid: readonly [number, number, number],
  ): void;
  /** A tensor that lives as long as the values of `owner`: made once, freed with them or when they are written. */
  attach(owner: TensorInfo, key: string, make: () => TensorInfo): TensorInfo;
  attached(owner: TensorInfo, key: string): TensorInfo | undefined;
  /**
   * Leaves a new tensor without memory until something binds or reads it: `fill` then writes it. `dropped` is called if it is disposed
   * of before.
   */
  defer(tensor: TensorInfo, fill: () => void, dropped?: () => void): void;
  /**
   * Keeps a tensor's values until it is let go, even if it is disposed of before. `settle` is called before a kernel writes into it, and is to
   * read what is still to be read of it.
   */
  hold(tensor: TensorInfo, settle: () => void): void;
  letGo(tensor: TensorInfo, settle: () => void): void;
  /** Has a tensor computed that was left without memory, unless what is attached to it holds its values. */
  settle(tensor: TensorInfo): void;
  isDeferred(tensor: TensorInfo): boolean;
  /** Values that the host has, as of a tensor that was made of numbers and that no kernel wrote. */
  hostValues(tensor: TensorInfo): ArrayLike<unknown> | undefined;
  incRef(dataId: object): void;
  /** Says that a kernel wrote into an existing tensor; `keep` names the attachments that it wrote as well. */
  written(tensor: TensorInfo, keep?: readonly string[]): void;
}

export type Attrs = Record<string, number | string>;
export type Inputs = Record<string, TensorInfo>;

/** A tfjs kernel for the backend `webgpu`. */
/* @__NO_SIDE_EFFECTS__ */
export const webgpuKernel = (
  kernelName: string,
  run: (host: Host, inputs: Inputs, attrs: Attrs) => TensorInfo | TensorInfo[],
): KernelConfig => ({
  kernelName,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs, backend }: { inputs: object; attrs?: NamedAttrMap; backend: unknown }) =>
    run(backend as Host, inputs as Inputs, attrs as Attrs),
});

/** A float32 tensor that a kernel fills. */
export const output = (host: Host, shape: readonly number[]): TensorInfo => host.makeTensorInfo([...shape], "float32");

/** Frees scratch tensors; later kernels may have their memory at once. */
export const release = (host: Host, ...tensors: (TensorInfo | undefined)[]): void => {
  for (const tensor of tensors) if (tensor) host.disposeData(tensor.dataId);
};

export const sizeOf = (tensor: TensorInfo): number => tensor.shape.reduce((a, b) => a * b, 1);
export const lastAxisOf = (tensor: TensorInfo): number => tensor.shape.at(-1)!;
export const rowsOf = (tensor: TensorInfo): number => tensor.shape.slice(0, -1).reduce((a, b) => a * b, 1);
