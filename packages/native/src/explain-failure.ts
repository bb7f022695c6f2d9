import { type LibraryHeader, readLibraryHeader } from "./library-header.ts";
import { type NativeFault, type NativeReason, nativeFault } from "./native-fault.ts";

/**
 * Why the system did not load a library. Its loader has one text for many reasons and no code, and for a library of
 * another architecture it says "no such file"; so the file itself is looked at.
 */
export const explainFailure = (path: string, cause: unknown): NativeFault => {
  const loader = cause instanceof Error ? cause.message : String(cause);
  const file = locate(path);
  const explained = (reason: NativeReason, problem: string, remedy: string): NativeFault =>
    nativeFault(reason, { place: file ?? path, problem, remedy, cause });
  if (file === undefined) {
    const problem = `expected a library, got none (the loader: ${loader})`;
    return explained("no-library", problem, "install it, or give the path of its file");
  }
  let header: LibraryHeader;
  try {
    header = readLibraryHeader(file);
  } catch (error) {
    const problem = `expected a library, got a file that cannot be read (${(error as Error).message})`;
    return explained("broken-library", problem, "check the path and its permissions");
  }
  const { format, architectures } = header;
  if (format === "text") {
    return explained("broken-library", "expected a library, got a text file", "give the path of the library itself");
  }
  if (format === "unknown") {
    const problem = "expected a library, got a file that is not one, or is cut off";
    return explained("broken-library", problem, "install it again, or give another path");
  }
  if (!architectures.includes(process.arch)) {
    const problem = `expected a library for ${process.arch}, got one for ${architectures.join(", ")}`;
    return explained("wrong-architecture", problem, `install the one for ${process.arch}`);
  }
  const problem = `expected a library that loads, got one that does not (the loader: ${loader})`;
  return explained("broken-library", problem, "install it again, with the libraries that it needs itself");
};

/** The file behind a path, or behind a name that the loader searches for: its usual folders, not all that it knows. */
const locate = (path: string): string | undefined => {
  const { existsSync } = process.getBuiltinModule("node:fs");
  if (path.includes("/") || path.includes("\\")) return existsSync(path) ? path : undefined;
  const { join } = process.getBuiltinModule("node:path");
  return searchedFolders()
    .map((folder) => join(folder, path))
    .find((file) => existsSync(file));
};

const triplets: Record<string, string> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  arm: "arm-linux-gnueabihf",
  riscv64: "riscv64-linux-gnu",
  ppc64: "powerpc64le-linux-gnu",
  s390x: "s390x-linux-gnu",
};

const searchedFolders = (): string[] => {
  const { env, platform, arch } = process;
  const listed = (list: string | undefined, separator: string): string[] =>
    (list ?? "").split(separator).filter(Boolean);
  if (platform === "win32") return listed(env.PATH, ";");
  const own = ["/usr/local/lib", "/usr/lib", "/lib"];
  if (platform === "darwin") return [...listed(env.DYLD_LIBRARY_PATH, ":"), "/opt/homebrew/lib", ...own];
  const triplet = triplets[arch];
  const multiarch = triplet ? [`/usr/local/lib/${triplet}`, `/lib/${triplet}`, `/usr/lib/${triplet}`] : [];
  return [...listed(env.LD_LIBRARY_PATH, ":"), ...multiarch, ...own, "/lib64", "/usr/lib64"];
};
