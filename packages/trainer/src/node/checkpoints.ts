import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, explain, fault, hasCode, problemOf } from "@cramkit/errors";
import {
  type Content,
  createAtomicFolder,
  fileDigest,
  makeFolder,
  nameInside,
  removeFolder,
  removeLeftovers,
  sealed,
  unsealed,
} from "@cramkit/files";

/** Format of `checkpoint.json`; a reader refuses a newer one. */
const version = 1;
const manifestFile = "checkpoint.json";
const folderName = /^microbatch-(\d{10})$/;

/** How a state becomes files in a folder, and back. */
export interface CheckpointFormat<T> {
  /** Gives each file of the state to `write`, whole or in chunks, which are written and hashed as they come. */
  save(state: T, write: (name: string, content: Content) => Promise<void>): Promise<void>;
  load(folder: string): Promise<T>;
}

interface Manifest {
  readonly version: number;
  readonly microbatch: number;
  /** Lower is better; null if nobody measured. */
  readonly score: number | null;
  readonly files: Readonly<Record<string, { bytes: number; sha256: string }>>;
}

export interface CheckpointsOptions<T> {
  /** Made if it is missing, also if somebody removes it later. */
  readonly folder: string;
  readonly format: CheckpointFormat<T>;
  /**
   * Newest checkpoints to keep; the one with the best score is kept besides.
   *
   * @defaultValue `2`
   */
  readonly keep?: number;
  /**
   * Told of every damaged checkpoint that is passed over.
   * @defaultValue says nothing
   */
  readonly onDamaged?: (message: string) => void;
}

export interface Checkpoints<T> {
  write(state: T, at: { microbatch: number; score?: number }): Promise<void>;
  /** The newest checkpoint that is whole, of those before a microbatch if one is given; undefined if there is none. */
  latest(options?: { before?: number }): Promise<{ state: T; microbatch: number; score?: number } | undefined>;
  /** Removes the checkpoints after a microbatch: what went back to it must not be resumed from them. */
  removeAfter(microbatch: number): Promise<void>;
}

/** Checkpoints of one run: each a folder that appears whole or not at all, with a checksum for every file. */
export const openCheckpoints = async <T>(options: CheckpointsOptions<T>): Promise<Checkpoints<T>> => {
  checkOptions("openCheckpoints", options, { folder: true, format: true, keep: true, onDamaged: true });
  const { folder, format, keep = 2, onDamaged = () => {} } = options;
  await makeFolder(folder);
  await removeLeftovers(folder);

  const newestFirst = async () =>
    (await readdir(folder).catch(noFiles))
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
      if (name !== best) await removeFolder(join(folder, name));
    }
  };

  return {
    async write(state, { microbatch, score }) {
      const checkpoint = await createAtomicFolder(join(folder, `microbatch-${String(microbatch).padStart(10, "0")}`));
      try {
        const files: Record<string, { bytes: number; sha256: string }> = {};
        await format.save(state, async (name, content) => {
          const { bytes, sha256 = "" } = await checkpoint.write(name, content, { sha256: true });
          files[name] = { bytes, sha256 };
        });
        const manifest: Manifest = { version, microbatch, score: score ?? null, files };
        await checkpoint.write(manifestFile, `${JSON.stringify(sealed(manifest), null, 2)}\n`);
        await checkpoint.commit();
      } finally {
        await checkpoint.abort();
      }
      await prune();
    },

    async latest({ before = Number.POSITIVE_INFINITY } = {}) {
      for (const name of await newestFirst()) {
        if (microbatchOf(name) >= before) continue;
        const path = join(folder, name);
        try {
          const manifest = await readManifest(path);
          await verify(path, manifest);
          const { microbatch, score } = manifest;
          return { state: await format.load(path), microbatch, ...(score !== null && { score }) };
        } catch (error) {
          if (hasCode(error, ...notOfTheFile)) throw error;
          onDamaged(`${path}: ${problemOf(error)}; going back to the checkpoint before it`);
        }
      }
      return undefined;
    },

    async removeAfter(microbatch) {
      for (const name of await newestFirst())
        if (microbatchOf(name) > microbatch) await removeFolder(join(folder, name));
    },
  };
};

/** A checkpoint of a run, as its folder says. */
export interface ListedCheckpoint {
  readonly folder: string;
  readonly microbatch: number;
  /** Lower is better; null if nobody measured, or if it cannot be read. */
  readonly score: number | null;
  /** Why what it says of itself cannot be read. @defaultValue absent if it can */
  readonly error?: unknown;
}

/** The checkpoints of a folder, the newest first. Reads nothing but what they say of themselves, and changes nothing. */
export const listCheckpoints = async (folder: string): Promise<ListedCheckpoint[]> => {
  const names = (await readdir(folder).catch(noFiles)).filter((name) => folderName.test(name)).sort();
  return Promise.all(
    names.reverse().map(async (name) => {
      const path = join(folder, name);
      const named = { folder: path, microbatch: microbatchOf(name) };
      return readManifest(path).then(
        ({ score }) => ({ ...named, score }),
        (error: unknown) => ({ ...named, score: null, error }),
      );
    }),
  );
};

/**
 * Reads one checkpoint by its own folder, after its checksums. Changes nothing, so that a run may train meanwhile.
 *
 * @throws a fault `damaged-file` over a checkpoint that is not whole
 */
export const readCheckpoint = async <T>(folder: string, format: CheckpointFormat<T>): Promise<T> => {
  const again = { remedy: "take another checkpoint, or restore this one from a copy" };
  const manifest = await readManifest(folder).catch((error) => {
    if (hasCode(error, "version-mismatch")) throw error;
    throw fault({ code: "damaged-file", place: join(folder, manifestFile), problem: explain(error).problem, ...again });
  });
  try {
    await verify(folder, manifest);
  } catch (error) {
    throw fault({ code: "damaged-file", place: folder, problem: problemOf(error), ...again, cause: error });
  }
  return format.load(folder);
};

const microbatchOf = (name: string): number => Number(folderName.exec(name)?.[1]);

/** What says nothing about a checkpoint: an older one would fail likewise, or lose work that is there. */
const notOfTheFile = ["version-mismatch", "out-of-memory", "refused", "unsupported", "cancelled"] as const;

const noFiles = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === "ENOENT") return [];
  throw error;
};

const readManifest = async (path: string): Promise<Manifest> => {
  const file = join(path, manifestFile);
  const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
  if (manifest.version > version) {
    throw fault({
      code: "version-mismatch",
      place: path,
      problem: `expected checkpoint version ${version} or older, got ${manifest.version}`,
      remedy: "update cramkit",
    });
  }
  return unsealed(manifest, file, "take another checkpoint, or restore this one from a copy");
};

const verify = async (path: string, manifest: Manifest): Promise<void> => {
  for (const [name, expected] of Object.entries(manifest.files)) {
    const { bytes, sha256 } = await fileDigest(nameInside(path, name, manifestFile));
    if (bytes !== expected.bytes) throw damaged(name, `expected ${expected.bytes} bytes, got ${bytes}`);
    if (sha256 !== expected.sha256) throw damaged(name, "its checksum does not match, its content was changed");
  }
};

const damaged = (place: string, problem: string) => fault({ code: "damaged-file", place, problem });
