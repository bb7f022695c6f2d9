import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { link, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { removeLeftovers } from "./atomic-file.ts";
import { isAlive, newOwner, parseOwner } from "./owner.ts";

/**
 * Takes the folder of a run, or of prepared rows, for this process and removes what killed ones left half-written;
 * throws where another living process has it. Call the result to let go.
 *
 * The lock is the file `run.lock`. That of a dead process is not removed: between the look and the removal another process
 * may have taken it over. Who takes over makes a file whose name follows from the content of the dead lock, which only
 * one can; that claim counts where it hangs on `run.lock`, directly or behind the claims of processes that died in the
 * middle of this. A process that looked long ago claims what hangs on nothing any more, and looks again. A claim that
 * counts becomes `run.lock`.
 */
export const lockRun = async (folder: string): Promise<() => void> => {
  const lock = join(folder, "run.lock");
  const me = newOwner();
  const mine = JSON.stringify(me);
  for (;;) {
    const last = (await claims(lock)).at(-1);
    const owner = last === undefined ? undefined : parseOwner(last);
    if (owner && isAlive(owner)) {
      const remedy =
        owner.host === hostname() ? "wait for it" : `wait for it, or delete ${lock} if that machine is gone`;
      throw new Error(
        `${folder}: process ${owner.pid} on ${owner.host} is working on this folder; ${remedy}, or use another folder`,
      );
    }
    const place = last === undefined ? lock : placeBehind(lock, last);
    if (!(await createWhole(place, mine, me.claim))) continue;
    if ((await claims(lock)).includes(mine)) {
      if (place !== lock) await rename(place, lock);
      await removeLostClaims(folder);
      await removeLeftovers(folder);
      return () => rmSync(lock, { force: true });
    }
    if (place !== lock) await rm(place, { force: true });
  }
};

/** The content of the lock, of the claim that hangs on it, and so on. */
const claims = async (lock: string): Promise<string[]> => {
  const found: string[] = [];
  for (let text = await readIfThere(lock); text !== undefined; text = await readIfThere(placeBehind(lock, text)))
    found.push(text);
  return found;
};

const placeBehind = (lock: string, text: string): string =>
  `${lock}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;

const lostClaim = /^run\.lock\.[0-9a-f]{16}$/;

/** Nothing hangs on the lock of a living process: what looks like it was left by a process that died, or is of no use. */
const removeLostClaims = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) if (lostClaim.test(name)) await rm(join(folder, name), { force: true });
};

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch(unless("ENOENT", undefined));

/** Makes a file with its content at once, so that nobody reads a part of it; false where there is one already. */
const createWhole = async (path: string, text: string, claim: string): Promise<boolean> => {
  const draft = `${path}.${claim}.${process.pid}.partial`;
  await writeFile(draft, text);
  try {
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
