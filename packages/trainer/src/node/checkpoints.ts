import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { sync, writeFileAtomic } from "./atomic-file.ts";

/** Format of `checkpoint.json`; a reader refuses a newer one. */
const version = 1;
const manifestFile = "checkpoint.json";
const folderName = /^microbatch-(\d{10})$/;

/** How a state becomes files in a folder, and back. */
export interface CheckpointFormat<T> {
  save(state: T, folder: string): Promise<void>;
  load(folder: string): Promise<T>;
}

interface Manifest {
  readonly version: number;
  readonly microbatch: number;
  /** Lower is better; null where nobody measured. */
  readonly score: number | null;
  readonly files: Readonly<Record<string, { bytes: number; sha256: string }>>;
}

export interface CheckpointsOptions<T> {
  readonly folder: string;
  readonly format: CheckpointFormat<T>;
  /** Newest checkpoints to keep; the one with the best score is kept besides. Default 2. */
  readonly keep?: number;
  /** Told of every damaged checkpoint that is passed over. */
  readonly onDamaged?: (message: string) => void;
}

export interface Checkpoints<T> {
  write(state: T, at: { microbatch: number; score?: number }): Promise<void>;
  /** The newest checkpoint that is whole, or undefined where there is none. */
  latest(): Promise<{ state: T; microbatch: number; score?: number } | undefined>;
}

/** Checkpoints of one run: each a folder that appears whole or not at all, with a checksum for every file. */
export const openCheckpoints = async <T>(options: CheckpointsOptions<T>): Promise<Checkpoints<T>> => {
  const { folder, format, keep = 2, onDamaged = () => {} } = options;
  await mkdir(folder, { recursive: true });
  // What a killed process left unfinished.
  for (const name of await readdir(folder)) {
    if (name.endsWith(".partial")) await rm(join(folder, name), { recursive: true, force: true });
  }

  const newestFirst = async () =>
    (await readdir(folder))
      .filter((name) => folderName.test(name))
      .sort()
      .reverse();

  const prune = async () => {
    const names = await newestFirst();
    const scoreOf = async (name: string) => {
      // A damaged checkpoint has no score; it must not keep a new one from being written.
      const manifest = await readManifest(join(folder, name)).catch(() => undefined);
      return { name, score: manifest?.score ?? Number.POSITIVE_INFINITY };
    };
    const scored = (await Promise.all(names.map(scoreOf))).filter(({ score }) => Number.isFinite(score));
    const best = scored.sort((a, b) => a.score - b.score)[0]?.name;
    for (const name of names.slice(keep)) {
      if (name !== best) await discard(join(folder, name));
    }
  };

  return {
    async write(state, { microbatch, score }) {
      const final = join(folder, `microbatch-${String(microbatch).padStart(10, "0")}`);
      const partial = `${final}.partial`;
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial);
      try {
        await format.save(state, partial);
        const files: Record<string, { bytes: number; sha256: string }> = {};
        for (const name of (await readdir(partial)).sort()) {
          await sync(join(partial, name));
          files[name] = await describe(join(partial, name));
        }
        const manifest: Manifest = { version, microbatch, score: score ?? null, files };
        await writeFileAtomic(join(partial, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
        await discard(final);
        await rename(partial, final);
        await sync(folder);
      } catch (error) {
        await rm(partial, { recursive: true, force: true });
        throw error;
      }
      await prune();
    },

    async latest() {
      for (const name of await newestFirst()) {
        const path = join(folder, name);
        try {
          const manifest = await readManifest(path);
          await verify(path, manifest);
          const { microbatch, score } = manifest;
          return { state: await format.load(path), microbatch, ...(score !== null && { score }) };
        } catch (error) {
          if (error instanceof NewerVersion) throw error;
          onDamaged(`${path}: ${(error as Error).message}; going back to the checkpoint before it`);
        }
      }
      return undefined;
    },
  };
};

/** Removes a checkpoint at once: a process that is killed while it removes the files must not leave a half of one. */
const discard = async (path: string): Promise<void> => {
  const doomed = `${path}.removed.partial`;
  await rm(doomed, { recursive: true, force: true });
  try {
    await rename(path, doomed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  await rm(doomed, { recursive: true, force: true });
};

class NewerVersion extends Error {}

const readManifest = async (path: string): Promise<Manifest> => {
  const manifest = JSON.parse(await readFile(join(path, manifestFile), "utf8")) as Manifest;
  if (manifest.version > version) {
    throw new NewerVersion(
      `${path}: expected checkpoint version ${version} or older, got ${manifest.version}; update cramkit`,
    );
  }
  return manifest;
};

const describe = async (file: string): Promise<{ bytes: number; sha256: string }> => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return { bytes: (await stat(file)).size, sha256: hash.digest("hex") };
};

const verify = async (path: string, manifest: Manifest): Promise<void> => {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const actual = await describe(join(path, name));
    if (actual.bytes !== expected.bytes)
      throw new Error(`${name}: expected ${expected.bytes} bytes, got ${actual.bytes}`);
    if (actual.sha256 !== expected.sha256)
      throw new Error(`${name}: its checksum does not match, its content was changed`);
  }
};
