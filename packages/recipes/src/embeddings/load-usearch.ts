import { fault, problemOf } from "@cramkit/errors";

type Usearch = typeof import("usearch");

/**
 * The package usearch, which the user installs if vectors are to be searched approximately.
 *
 * @throws a fault `unsupported` if it is not installed, or does not load on this machine
 */
export const loadUsearch = async (load: () => Promise<Usearch> = () => import("usearch")): Promise<Usearch> => {
  try {
    return await load();
  } catch (error) {
    const isMissing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(
      (error as NodeJS.ErrnoException).code ?? "",
    );
    throw fault({
      code: "unsupported",
      place: "approximate search",
      problem: `expected the package usearch beside cramkit, got ${isMissing ? "none" : problemOf(error)}`,
      remedy: isMissing
        ? "`npm install usearch` installs it; the exact search needs nothing"
        : "the exact search runs everywhere; usearch has binaries for Linux (glibc), macOS and Windows on x64",
      cause: error,
    });
  }
};
