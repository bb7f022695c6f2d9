export { batchTask } from "./batch-gemm";
export { bf16Task } from "./bf16";
export { binaryRowsTask, binaryTask, fillTask, unaryTask } from "./elementwise";
export { gemmTask, packTask } from "./parallel-gemm";
export { sumColumnsTask, sumRowsTask } from "./reduce";
