import { checkOptions } from "@cramkit/errors";
import { alone } from "./alone.ts";
import type { Communicator } from "./communicator.ts";
import { type Placement, placement } from "./launcher.ts";
import { type MpiOptions, startMpi } from "./mpi/start-mpi.ts";

export interface ParallelOptions extends MpiOptions {
  /** Where this process stands. @defaultValue what the launcher's variables say */
  placed?: Placement;
}

/**
 * Joins the ranks that a launcher (`mpirun`, `mpiexec`, `srun`) started. A process that no launcher started, or a job of
 * one rank, is alone: nothing is loaded. Throws a fault if there is no MPI library, or not the launcher's.
 */
export const startParallel = (options: ParallelOptions = {}): Communicator => {
  checkOptions("startParallel", options, { placed: true, library: true, native: true });
  const { placed = placement(), ...mpi } = options;
  return placed === undefined || placed.size === 1 ? alone() : startMpi(placed, mpi);
};
