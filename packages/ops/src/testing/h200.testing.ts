import type { Capabilities } from "../webgpu/host.ts";

/** What an H200 can do. */
export const h200: Capabilities = {
  tier: "matrix",
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
  subgroupSizeControl: true,
  matrix: [
    { m: 16, n: 8, k: 16 },
    { m: 16, n: 16, k: 16 },
  ],
  matrixSpelling: "new",
  limits: {
    maxComputeWorkgroupStorageSize: 49152,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupsPerDimension: 65535,
    maxStorageBufferBindingSize: 2 ** 31 - 4,
    maxStorageBuffersPerShaderStage: 16,
  },
  variants: {},
};
