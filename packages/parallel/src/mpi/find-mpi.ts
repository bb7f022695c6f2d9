import { type FoundLibrary, findLibrary, type LibraryCandidates, type Native } from "@cramkit/native";

const families = {
  standard: { linux: ["libmpi_abi.so.0", "libmpi_abi.so.1"], darwin: ["libmpi_abi.0.dylib", "libmpi_abi.dylib"] },
  openMpi: { linux: ["libmpi.so.40", "libmpi.so.80", "libmpi.so"], darwin: ["libmpi.40.dylib", "libmpi.dylib"] },
  mpich: {
    linux: ["libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12", "libmpich.so"],
    darwin: ["libmpi.12.dylib", "libmpich.dylib"],
    win32: ["msmpi.dll", "impi.dll"],
  },
} satisfies Record<string, LibraryCandidates>;

/**
 * The MPI library of this machine, or the one at `path`. The launcher's own family is looked for first: with a library of
 * another family every rank thinks that it is alone.
 */
export const findMpi = (native: Native, launcher: string | undefined, path?: string): FoundLibrary => {
  const { standard, openMpi, mpich } = families;
  const order: LibraryCandidates[] = launcher === "Open MPI" ? [openMpi, standard, mpich] : [mpich, standard, openMpi];
  const candidates: Partial<Record<NodeJS.Platform, string[]>> = {};
  for (const family of order)
    for (const [platform, names] of Object.entries(family) as [NodeJS.Platform, readonly string[]][])
      (candidates[platform] ??= []).push(...names);
  return findLibrary(native, {
    what: "an MPI library",
    candidates,
    path,
    global: true, // its own modules look for its symbols
    symbols: ["MPI_Init_thread", "MPI_Allreduce"],
    remedy:
      launcher === "Open MPI"
        ? "install the one of the launcher (Debian: apt-get install libopenmpi-dev)"
        : "install the one of the launcher (Debian: apt-get install libmpich-dev), or name its file in CRAMKIT_MPI",
  });
};
