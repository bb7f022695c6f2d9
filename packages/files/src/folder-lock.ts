import { createHash, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { checkOptions, fault, toFault } from "@cramkit/errors";
import { removeLeftovers } from "./leftovers.ts";
import { makeFolder } from "./make-folder.ts";
import { partialPath } from "./partial-name.ts";
import { isAlive, type ProcessIdentity, thisProcess } from "./process-identity.ts";

export interface LockOptions {
  /**
   * Name of the lock, a file in the folder.
   *
   * @defaultValue `"lock"`
   */
  readonly name?: string;
}

/**
 * Takes a folder for this process, makes it if it is missing, and removes what killed processes left half-written in and
 * below it. The result lets go.
 *
 * The lock of a dead process is not removed: between the look and the removal another process may have taken it over. Who
 * takes over makes a file whose name follows from the content of the dead lock, which only one can; that claim counts if
 * it hangs on the lock, directly or after the claims of processes that died in the middle of this. A process that looked
 * long ago claims what hangs on nothing any more, and looks again. A claim that counts becomes the lock.
 *
 * @throws A fault with the code `locked` while another living process has it; `details` names `pid`, `host` and `lock`.
 */
export const lockFolder = async (folder: string, options: LockOptions = {}): Promise<() => void> => {
  checkOptions("lockFolder", options, { name: true });
  const { name = "lock" } = options;
  await makeFolder(folder);
  const lock = join(folder, name);
  const mine = JSON.stringify({ ...thisProcess(), claim: randomUUID() });
  try {
    for (;;) {
      const last = (await claims(lock)).at(-1);
      const owner = last === undefined ? undefined : parseOwner(last);
      if (owner && isAlive(owner)) throw taken(folder, lock, owner);
      const place = last === undefined ? lock : placeAfter(lock, last);
      if (!(await createWhole(place, mine))) continue;
      if ((await claims(lock)).includes(mine)) {
        if (place !== lock) await rename(place, lock);
        break;
      }
      if (place !== lock) await rm(place, { force: true });
    }
    await removeLostClaims(folder, name);
    await removeLeftovers(folder, { recursive: true });
  } catch (error) {
    throw toFault(error, { place: folder });
  }
  return () => rmSync(lock, { force: true });
};

const taken = (folder: string, lock: string, { pid, host }: ProcessIdentity) =>
  fault({
    code: "locked",
    place: folder,
    problem: `process ${pid} on ${host} is working on this folder`,
    remedy:
      host === hostname()
        ? "wait for it, or use another folder"
        : `wait for it, or delete ${lock} if that machine is gone, or use another folder`,
    details: { pid, host, lock },
  });

/** The owner that a lock names; undefined if it names none, as one that was cut off. */
const parseOwner = (text: string): ProcessIdentity | undefined => {
  try {
    const { pid, host, started = null } = JSON.parse(text) as ProcessIdentity;
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === "string" ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
};

/** The content of the lock, of the claim that hangs on it, and so on. */
const claims = async (lock: string): Promise<string[]> => {
  const found: string[] = [];
  for (let text = await readIfThere(lock); text !== undefined; text = await readIfThere(placeAfter(lock, text)))
    found.push(text);
  return found;
};

const placeAfter = (lock: string, text: string): string =>
  `${lock}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;

/** Nothing hangs on the lock of a living process: what looks like it was left by a process that died, or is of no use. */
const removeLostClaims = async (folder: string, name: string): Promise<void> => {
  for (const found of await readdir(folder))
    if (found.startsWith(`${name}.`) && /^[0-9a-f]{16}$/.test(found.slice(name.length + 1)))
      await rm(join(folder, found), { force: true });
};

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch(unless("ENOENT", undefined));

/** Makes a file with its content at once, so that nobody reads a part of it; false if there is one already. */
const createWhole = async (path: string, text: string): Promise<boolean> => {
  const draft = partialPath(path);
  try {
    await writeFile(draft, text);
    return await link(draft, path).then(() => true, unless("EEXIST", false));
  } catch (error) {
    // A file system without hard links, as exFAT: there the content follows its file by a moment.
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
    return await writeFile(path, text, { flag: "wx" }).then(() => true, unless("EEXIST", false));
  } finally {
    await rm(draft, { force: true });
  }
};

/** Answers an error of this code with `value`. */
const unless =
  <T>(code: string, value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === code) return value;
    throw error;
  };
