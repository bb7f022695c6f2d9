import { join } from "node:path";
import { openDurableFile } from "./durable-file.ts";
import { makeFolder } from "./make-folder.ts";
import { partialPath } from "./partial-name.ts";

/**
 * Fails early if a folder cannot be written to, with the cause: a read-only file system, missing rights, a full disk, a file
 * in its place. Makes the folder; leaves nothing else.
 */
export const checkWritable = async (folder: string): Promise<void> => {
  await makeFolder(folder);
  const probe = await openDurableFile(partialPath(join(folder, "writable")), { place: folder });
  try {
    await probe.write("a full disk refuses the first byte, not the file");
  } finally {
    await probe.discard();
  }
};
