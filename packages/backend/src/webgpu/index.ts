export { adapterName, isSoftware } from "./adapter.ts";
export type { CramkitWebgpuBackend, KernelBinding } from "./backend.ts";
export type { Capabilities, MatrixConfig, Precision, Tier } from "./capabilities.ts";
export type { ProfiledDispatch } from "./dispatch-timer.ts";
export type { WebgpuReport } from "./report.ts";
export { inspectWebgpu, type StartedWebgpu, startWebgpu, type WebgpuOptions } from "./start.ts";
export type { Traffic } from "./traffic-counter.ts";
