import { type LibraryHeader, readLibraryHeader } from "./library-header.ts";
import { NativeError } from "./native-error.ts";

/**
 * Why the system did not load a library. Its loader has one text for many reasons and no code, and for a library of
 * another architecture it says "no such file"; so the file itself is looked at.
 */
export const explainFailure = (path: string, cause: unknown): NativeError => {
  const loader = cause instanceof Error ? cause.message : String(cause);
  const file = locate(path);
  if (file === undefined) {
    const message = `${path}: expected a library, got none (the loader: ${loader})`;
    return new NativeError("library-missing", message, "install it, or give the path of its file", { cause });
  }
  let header: LibraryHeader;
  try {
    header = readLibraryHeader(file);
  } catch (error) {
    const message = `${file}: expected a library, got a file that cannot be read (${(error as Error).message})`;
    return new NativeError("library-broken", message, "check the path and its permissions", { cause });
  }
  const { format, architectures } = header;
  if (format === "text") {
    const message = `${file}: expected a library, got a text file`;
    return new NativeError("library-broken", message, "give the path of the library itself", { cause });
  }
  if (format === "unknown") {
    const message = `${file}: expected a library, got a file that is none, or is cut off`;
    return new NativeError("library-broken", message, "install it again, or give another path", { cause });
  }
  if (!architectures.includes(process.arch)) {
    const message = `${file}: expected a library for ${process.arch}, got one for ${architectures.join(", ")}`;
    return new NativeError("library-architecture", message, `install the one for ${process.arch}`, { cause });
  }
  const message = `${file}: expected a library that loads, got one that does not (the loader: ${loader})`;
  return new NativeError("library-broken", message, "install it again, with the libraries that it needs itself", {
    cause,
  });
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
