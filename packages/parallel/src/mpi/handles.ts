import type { NativeLibrary } from "@cramkit/native";

/** How a family of MPI libraries names its constants in binary: handles, and the address that stands for "in place". */
export interface Handles {
  readonly family: "MPI ABI" | "Open MPI" | "MPICH";
  readonly world: bigint;
  readonly float: bigint;
  readonly double: bigint;
  readonly int: bigint;
  readonly byte: bigint;
  readonly sum: bigint;
  readonly max: bigint;
  readonly min: bigint;
  readonly inPlace: bigint;
}

/** The standard ABI of MPI 5.0, chapter 20: small integers. */
const standard: Handles = {
  family: "MPI ABI",
  world: 0x101n,
  float: 0x210n,
  double: 0x214n,
  int: 0x209n,
  byte: 0x247n,
  sum: 0x21n,
  max: 0x23n,
  min: 0x22n,
  inPlace: 1n,
};

/** MPICH's ABI, which Intel MPI, MVAPICH, Cray MPICH and MS-MPI share: 32-bit integers. */
const mpich: Handles = {
  family: "MPICH",
  world: 0x44000000n,
  float: 0x4c00040an,
  double: 0x4c00080bn,
  int: 0x4c000405n,
  byte: 0x4c00010dn,
  sum: 0x58000003n,
  max: 0x58000001n,
  min: 0x58000002n,
  inPlace: -1n,
};

/** Open MPI's: addresses of its global data. */
const openMpi = (library: NativeLibrary): Handles => ({
  family: "Open MPI",
  world: library.symbol("ompi_mpi_comm_world"),
  float: library.symbol("ompi_mpi_float"),
  double: library.symbol("ompi_mpi_double"),
  int: library.symbol("ompi_mpi_int"),
  byte: library.symbol("ompi_mpi_byte"),
  sum: library.symbol("ompi_mpi_op_sum"),
  max: library.symbol("ompi_mpi_op_max"),
  min: library.symbol("ompi_mpi_op_min"),
  inPlace: 1n,
});

/** The constants of a library. One of the standard ABI is told by the name of its file, Open MPI's own by its symbols. */
export const handlesOf = (library: NativeLibrary, file: string): Handles => {
  if (/mpi_abi/.test(file)) return standard;
  return library.has("ompi_mpi_comm_world") ? openMpi(library) : mpich;
};
