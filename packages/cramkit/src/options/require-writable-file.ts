import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fault } from "@cramkit/errors";
import { checkWritable } from "@cramkit/files";

/** Fails early if a file cannot be written, with the cause. */
export const requireWritableFile = async (file: string): Promise<void> => {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory())
    throw fault({
      code: "invalid-input",
      place: file,
      problem: "expected a file to write, got a folder",
      remedy: "name a file in it",
      type: RangeError,
    });
  if (found && !found.isFile()) return; // a device or a pipe, as /dev/stdout
  const folder = dirname(file);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw fault({
      code: "invalid-input",
      place: file,
      problem: `expected a folder to write it into, got ${folder}, which is not one`,
      remedy: "make it, or name another",
      type: RangeError,
    });
  await checkWritable(folder);
};
