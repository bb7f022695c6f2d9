export { adapterName, isSoftware } from "./adapter.ts";
export type { Capabilities, MatrixConfig, Precision, Tier } from "./capabilities.ts";
export type { WebgpuReport } from "./report.ts";
export { inspectWebgpu, type StartedWebgpu, startWebgpu, type WebgpuOptions } from "./start.ts";
export type { CramkitWebgpuBackend, KernelBinding, ProfiledDispatch } from "./webgpu-backend.ts";
