/// <reference types="@webgpu/types" />
import type { Capabilities, MatrixConfig } from "./capabilities.ts";

/**
 * The WGSL of subgroup matrices changed in mid-2026 from `subgroupMatrixLoad<T>(&a, offset, columnMajor, stride)` to
 * `subgroupMatrixLoad<T, row_major>(&a, offset, stride)`; Dawn has one, the other or both. This text decides which.
 */
export const spellingProbe = (spelling: "new" | "old", { m, n, k }: MatrixConfig, subgroupMaxSize: number): string => {
  const load = (type: string, array: string, stride: number) =>
    spelling === "new"
      ? `subgroupMatrixLoad<${type}, row_major>(&${array}, 0u, ${stride}u)`
      : `subgroupMatrixLoad<${type}>(&${array}, 0u, false, ${stride}u)`;
  const store =
    spelling === "new"
      ? `subgroupMatrixStore<row_major>(&c, 0u, x, ${n}u)`
      : `subgroupMatrixStore(&c, 0u, x, false, ${n}u)`;
  return `diagnostic(off, chromium.subgroup_matrix_uniformity);
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
@group(0) @binding(0) var<storage, read> a: array<f16>;
@group(0) @binding(1) var<storage, read> b: array<f16>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@compute @workgroup_size(${Math.max(subgroupMaxSize, 32)})
fn main() {
  let l = ${load(`subgroup_matrix_left<f16, ${k}, ${m}>`, "a", k)};
  let r = ${load(`subgroup_matrix_right<f16, ${n}, ${k}>`, "b", n)};
  var x = subgroup_matrix_result<f32, ${n}, ${m}>();
  x = subgroupMatrixMultiplyAccumulate(l, r, x);
  ${store};
}
`;
};

/** Compiles the probe in both spellings, the newer one first. */
export const probeSpelling = async (
  device: GPUDevice,
  configs: readonly MatrixConfig[],
  subgroupMaxSize: number,
): Promise<Capabilities["matrixSpelling"]> => {
  const config = configs.find(({ component, result }) => component === "f16" && result === "f32");
  if (!config || !device.features.has("chromium-experimental-subgroup-matrix" as GPUFeatureName)) return undefined;
  for (const spelling of ["new", "old"] as const) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({
      code: spellingProbe(spelling, config, subgroupMaxSize),
      label: `probe.${spelling}`,
    });
    device.createComputePipeline({ layout: "auto", compute: { module } });
    if ((await device.popErrorScope()) === null) return spelling;
  }
  return undefined;
};
