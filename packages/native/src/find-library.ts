import { checkOptions } from "@cramkit/errors";
import type { Native } from "./native.ts";
import { type Attempt, isNativeFault, nativeFault } from "./native-fault.ts";
import type { NativeLibrary, OpenOptions } from "./native-library.ts";

/** Names of the same library in the order of preference, by `process.platform`. */
export type LibraryCandidates = Partial<Record<NodeJS.Platform, readonly string[]>>;

export interface FindLibraryOptions extends OpenOptions {
  /** What is looked for, in an error's words: "a BLAS", "MPI". */
  what: string;
  candidates: LibraryCandidates;
  /** Only this one is tried: the path of a file, or a name that the system's loader finds. @defaultValue the candidates */
  path?: string;
  /** Symbols without which a library does not count. @defaultValue none */
  symbols?: readonly string[];
  /** What to do if there is none: the command that installs one. */
  remedy: string;
}

export interface FoundLibrary {
  library: NativeLibrary;
  /** The file that was loaded, as the system tells it; the path asked for if it does not tell. */
  file: string;
  /** What was tried before, and why it was not taken. */
  tried: readonly Attempt[];
}

/**
 * The first of the candidates that loads and has the symbols. Throws a `NativeFault` whose `details.tried` lists them all if
 * there is none; its reason is that of the attempt that came furthest: a library that is there but cannot be used is worth
 * more than one that is missing.
 */
export const findLibrary = (native: Native, options: FindLibraryOptions): FoundLibrary => {
  checkOptions("findLibrary", options, {
    what: true,
    candidates: true,
    path: true,
    symbols: true,
    remedy: true,
    global: true,
  });
  const { what, candidates, path, symbols = [], remedy, global = false } = options;
  const names = path === undefined ? (candidates[process.platform] ?? []) : [path];
  const tried: Attempt[] = [];
  for (const name of names) {
    try {
      const library = native.open(name, { global });
      const addresses = symbols.map((symbol) => library.symbol(symbol));
      const file = addresses[0] === undefined ? undefined : native.fileAt(addresses[0]);
      return { library, file: file ?? name, tried };
    } catch (error) {
      if (!isNativeFault(error)) throw error;
      tried.push({ library: name, reason: error.details.reason, problem: error.message });
    }
  }
  const furthest = tried.find(({ reason }) => reason !== "no-library") ?? tried[0];
  const missing = path === undefined ? `none of ${tried.map(({ library }) => library).join(", ")}` : furthest?.problem;
  const got =
    names.length === 0
      ? `no name of one for ${process.platform}`
      : furthest!.reason === "no-library"
        ? missing
        : furthest!.problem;
  const problem = `expected ${what}, got ${got}`;
  throw nativeFault(furthest?.reason ?? "no-library", { place: "findLibrary", problem, remedy, tried });
};
