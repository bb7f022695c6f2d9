export type { CudaBackend } from "./backend.ts";
export type { CardReport } from "./driver/device.ts";
export type { CompiledKernels } from "./driver/kernel-module.ts";
export type { KernelTraffic, LaunchArgument, LaunchOptions } from "./launcher.ts";
export type { Recording, RecordOptions, ReplayedNumbers } from "./memory/recording.ts";
export type { ProductsCandidate, ProductsName } from "./products/choose-products.ts";
export type { Product, ProductOperand } from "./products/product.ts";
export {
  type CudaInspection,
  type CudaOptions,
  type CudaReport,
  inspectCuda,
  type StartedCuda,
  startCuda,
} from "./start.ts";
