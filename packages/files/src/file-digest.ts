import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";

/** What a file holds, for comparing it later. */
export interface FileDigest {
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly sha256: string;
}

/** Adds what a file holds to a hash, a piece at a time. Returns how many bytes that were. */
export const hashFile = async (hash: Hash, path: string): Promise<number> => {
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(piece as Uint8Array);
    bytes += (piece as Uint8Array).byteLength;
  }
  return bytes;
};

/** Size and SHA-256 of a file as it is now, read a piece at a time. */
export const fileDigest = async (path: string): Promise<FileDigest> => {
  const hash = createHash("sha256");
  const bytes = await hashFile(hash, path);
  return { bytes, sha256: hash.digest("hex") };
};
