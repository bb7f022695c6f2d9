/// <reference types="@webgpu/types" />

import { fault } from "@cramkit/errors";

/** Element types of a subgroup-matrix product: operands and accumulator. */
export interface MatrixConfig {
  /** Rows of the left operand and of the result. */
  m: number;
  /** Columns of the right operand and of the result. */
  n: number;
  /** The contracted dimension. */
  k: number;
  component: string;
  result: string;
}

/** How fast a kernel may go: plain float32, f16 operands with float32 accumulation, or subgroup matrices of f16. */
export type Tier = "float32" | "float16" | "matrix";
export type Precision = "float32" | "mixed";

/** Plain data that kernel variants are chosen by. */
export interface Capabilities {
  tier: Tier;
  f16: boolean;
  subgroups: boolean;
  subgroupMinSize: number;
  subgroupMaxSize: number;
  /** Whether a shader may ask for a size of subgroups between the two. */
  subgroupSizeControl: boolean;
  /** Only the configurations that multiply f16 and accumulate in float32. */
  matrix: readonly MatrixConfig[];
  /** `new`: `subgroupMatrixLoad<T, row_major>(&a, offset, stride)`; `old`: `subgroupMatrixLoad<T>(&a, offset, false, stride)`. */
  matrixSpelling: "new" | "old" | undefined;
  limits: {
    maxComputeWorkgroupStorageSize: number;
    maxComputeInvocationsPerWorkgroup: number;
    maxComputeWorkgroupsPerDimension: number;
    maxStorageBufferBindingSize: number;
    maxBufferSize: number;
    minStorageBufferOffsetAlignment: number;
    maxStorageBuffersPerShaderStage: number;
  };
  /** Kernel family -> variant name, to force one. */
  variants: Readonly<Record<string, string>>;
}

interface AdapterInfo extends Partial<GPUAdapterInfo> {
  readonly subgroupMatrixConfigs?: Iterable<{
    componentType: string;
    resultComponentType: string;
    M: number;
    N: number;
    K: number;
  }>;
}

/** The matrix shapes that an adapter lists, as plain data. */
export const matrixConfigs = (info: AdapterInfo): MatrixConfig[] =>
  [...(info.subgroupMatrixConfigs ?? [])].map((config) => ({
    m: config.M,
    n: config.N,
    k: config.K,
    component: config.componentType,
    result: config.resultComponentType,
  }));

/** The best tier of a device for a precision. */
export const bestTier = (
  precision: Precision,
  device: Pick<Capabilities, "f16" | "subgroups" | "matrix" | "matrixSpelling">,
): Tier => {
  if (precision === "float32" || !device.f16) return "float32";
  return device.subgroups && device.matrix.length > 0 && device.matrixSpelling ? "matrix" : "float16";
};

/** Reads what kernels need to know from a device; `tier` is filled by {@link bestTier}. */
export const readCapabilities = (
  device: GPUDevice,
  info: AdapterInfo,
  precision: Precision,
  matrixSpelling: Capabilities["matrixSpelling"],
): Capabilities => {
  const { limits, features } = device;
  const found = {
    f16: features.has("shader-f16"),
    subgroups: features.has("subgroups" as GPUFeatureName),
    matrix: matrixConfigs(info).filter((config) => config.component === "f16" && config.result === "f32"),
    matrixSpelling,
  };
  return {
    ...found,
    tier: bestTier(precision, found),
    subgroupMinSize: info.subgroupMinSize ?? 4,
    subgroupMaxSize: info.subgroupMaxSize ?? 128,
    subgroupSizeControl: found.subgroups && features.has("subgroup-size-control" as GPUFeatureName),
    limits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
    variants: {},
  };
};

/** The tier itself, if a device whose best one is `best` can do what is asked for; throws if it cannot. */
export const requireTier = (tier: Tier, precision: Precision, best: Tier): Tier => {
  const order: Tier[] = ["float32", "float16", "matrix"];
  if (precision === "mixed" && best === "float32")
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem: 'expected shader-f16 for precision "mixed", got an adapter without it',
      remedy: 'use precision "float32", update the driver, or see `cramkit doctor` for how to reach it',
    });
  if (order.indexOf(tier) > order.indexOf(best))
    throw fault({
      code: "unsupported",
      place: "startWebgpu",
      problem: `expected tier ${best} or below on this adapter, got "${tier}"`,
      remedy: "see `cramkit doctor`",
    });
  return tier;
};
