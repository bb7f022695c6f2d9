export type { CpuBackend } from "./cpu/backend.ts";
export { type StartThread, startBrowserThread, type Thread } from "./cpu/browser-thread.ts";
export type { GemmOperand, GemmProblem } from "./cpu/gemm.ts";
export type { ProductsChoice, ProductsReport } from "./cpu/library/choose-products.ts";
export type { LibraryReport } from "./cpu/library/find-products.ts";
export type { CpuOptions } from "./cpu/start.ts";
export type { WasmSource } from "./cpu/wasm-source.ts";
export type { CompiledKernels, CudaBackend, CudaOptions, CudaReport } from "./cuda/index.ts";
export {
  type BackendChoice,
  type BackendOptions,
  type Finding,
  type Kernels,
  type StartedBackend,
  startBackend,
} from "./start-backend.ts";
export type {
  CramkitWebgpuBackend,
  KernelBinding,
  Precision,
  WebgpuOptions,
  WebgpuReport,
} from "./webgpu/index.ts";
