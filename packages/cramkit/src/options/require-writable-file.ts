import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { checkWritable } from "@cramkit/files";

/** Fails early if a file cannot be written, with the cause. */
export const requireWritableFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) throw new RangeError(`${file}: expected a file to write, got a folder; name a file in it`);
  if (found && !found.isFile()) return; // a device or a pipe, as /dev/stdout
  const folder = dirname(file);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new RangeError(
      `${file}: expected a folder to write it into, got ${folder}, which is none; make it, or name another`,
    );
  await checkWritable(folder);
};
