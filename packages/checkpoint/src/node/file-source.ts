import { open } from "node:fs/promises";
import { fault } from "@cramkit/errors";
import { requireFile } from "@cramkit/files";
import type { ByteSource } from "../byte-source.ts";

/** Node reads less than 2 GiB at once. */
const largestRead = 2 ** 30;

/** A file, read in pieces when they are asked for. */
export interface FileSource extends ByteSource {
  /** Fills `bytes` with what lies from `begin` on: for whoever reads much, and one piece after the other. */
  readInto(bytes: Uint8Array, begin: number): Promise<void>;
}

/** Opens a file. The caller closes it. */
export const fileSource = async (path: string): Promise<FileSource> => {
  const { size } = await requireFile(path);
  const file = await open(path, "r");
  const readInto = async (bytes: Uint8Array, begin: number): Promise<void> => {
    let filled = 0;
    while (filled < bytes.byteLength) {
      const length = Math.min(bytes.byteLength - filled, largestRead);
      const { bytesRead } = await file.read(bytes, filled, length, begin + filled);
      if (bytesRead === 0)
        throw fault({
          code: "damaged-file",
          place: path,
          problem: `the file ended at byte ${begin + filled} while it was read`,
          remedy: "something else writes to it: try again when that is done",
        });
      filled += bytesRead;
    }
  };
  return {
    name: path,
    byteLength: size,
    async read(begin, end) {
      const bytes = new Uint8Array(end - begin);
      await readInto(bytes, begin);
      return bytes;
    },
    readInto,
    close: () => file.close(),
  };
};
