export { requireAgreement } from "./agreement.ts";
export { alone } from "./alone.ts";
export type { Communicator, Numbers, Reduction } from "./communicator.ts";
export { arrayTask, type Placement, placement } from "./launcher.ts";
export type { MpiOptions } from "./mpi/start-mpi.ts";
export { type ParallelOptions, startParallel } from "./start-parallel.ts";
export { type HalfCodec, sumInHalfPrecision } from "./sum-halves.ts";
