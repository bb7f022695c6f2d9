import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Tells at once, and not when the work is done, of a file that cannot be written. */
export const requireWritableFile = async (file: string): Promise<void> => {
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new RangeError(`${file}: expected a file to write, got a folder; name a file in it`);
  const folder = dirname(file);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new RangeError(
      `${file}: expected a folder to write it into, got ${folder}, which is none; make it, or name another`,
    );
  await access(folder, constants.W_OK);
};
