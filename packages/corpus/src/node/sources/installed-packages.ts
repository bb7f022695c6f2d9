import { type Dirent, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";

export interface InstalledPackage {
  name: string;
  version: string;
  folder: string;
}

/**
 * The packages that are really installed below `root/node_modules`, each name and version once, in the order of name
 * and version. Understands the layout of pnpm (`.pnpm/<name>@<version>/node_modules/<name>`) and the flat one of npm.
 * Links are not followed, so workspace packages do not count; packages for one operating system or processor do not
 * either, and what pnpm keeps of earlier installations neither, so that the list is the same on every machine that
 * installed the same lockfile.
 */
export const installedPackages = async (root: string): Promise<InstalledPackage[]> => {
  const folder = join(root, "node_modules");
  if (!existsSync(folder)) {
    throw fault({
      code: "not-found",
      place: "installedPackages",
      problem: `expected a folder with node_modules in it, got ${root}`,
      remedy: "install its dependencies first",
      type: RangeError,
    });
  }
  const found = new Map<string, InstalledPackage>();
  const packages: InstalledPackage[] = [];
  for await (const candidate of packagesIn(folder)) packages.push(candidate);
  packages.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version) || compare(a.folder, b.folder));
  const current = await currentOfPnpm(folder);
  for (const candidate of packages) {
    const key = `${candidate.name}@${candidate.version}`;
    if ((current === undefined || current.has(key)) && !found.has(key)) found.set(key, candidate);
  }
  return [...found.values()];
};

/** All files below a folder, without links and nested `node_modules`: paths with `/`, in the order of code units. */
export const filesOf = async (folder: string): Promise<string[]> => {
  const files: string[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(folder, relative), { withFileTypes: true })) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && entry.name !== "node_modules") await visit(path);
    }
  };
  await visit("");
  return files.sort(compare);
};

async function* packagesIn(nodeModules: string): AsyncGenerator<InstalledPackage> {
  for (const entry of await directories(nodeModules)) {
    const folder = join(nodeModules, entry.name);
    if (entry.name === ".pnpm") {
      for (const stored of await directories(folder)) yield* packagesIn(join(folder, stored.name, "node_modules"));
    } else if (entry.name.startsWith("@")) {
      for (const scoped of await directories(folder)) yield* packageAt(join(folder, scoped.name));
    } else if (!entry.name.startsWith(".")) {
      yield* packageAt(folder);
    }
  }
}

async function* packageAt(folder: string): AsyncGenerator<InstalledPackage> {
  const manifest = await readManifest(join(folder, "package.json"));
  if (manifest?.name && manifest.version && !manifest.os && !manifest.cpu && !manifest.libc) {
    yield { name: manifest.name, version: manifest.version, folder };
  }
  yield* packagesIn(join(folder, "node_modules"));
}

/** `name@version` of what belongs to the installation, by the lockfile that pnpm leaves beside it; undefined without. */
const currentOfPnpm = async (nodeModules: string): Promise<Set<string> | undefined> => {
  const lockfile = await readFile(join(nodeModules, ".pnpm", "lock.yaml"), "utf8").catch(() => "");
  const [, section = ""] = /^packages:\n([\s\S]*?)(?=^\S|$(?![\s\S]))/m.exec(lockfile) ?? [];
  const keys = [...section.matchAll(/^ {2}'?((?:@[^@'\s]+\/)?[^@'\s]+@[^:'\s(]+)'?:$/gm)].map(
    ([, key]) => key as string,
  );
  return keys.length > 0 ? new Set(keys) : undefined;
};

interface Manifest {
  name?: string;
  version?: string;
  os?: unknown;
  cpu?: unknown;
  libc?: unknown;
}

const readManifest = async (path: string): Promise<Manifest | undefined> => {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined; // a folder without a readable manifest is not a package
  }
};

const directories = async (folder: string): Promise<Dirent[]> => {
  try {
    return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

/** Order of code units: the same in every locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
