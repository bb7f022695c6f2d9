import { dirname, join, resolve } from "node:path";
import { openDurableFile } from "./durable-file.ts";
import { explained } from "./explained.ts";
import { isFolder } from "./make-folder.ts";
import { partialPath } from "./partial-name.ts";

/**
 * Fails early if a folder, or one that is yet to be made, cannot be written to, with the cause: a read-only file system, missing
 * rights, a full disk, a file in its place. Leaves nothing.
 */
export const checkWritable = async (folder: string): Promise<void> => {
  let existing = resolve(folder);
  while (!(await explained(folder, isFolder(existing)))) existing = dirname(existing);
  const probe = await openDurableFile(partialPath(join(existing, "writable")), { place: folder });
  try {
    await probe.write("a full disk refuses the first byte, not the file");
  } finally {
    await probe.discard();
  }
};
