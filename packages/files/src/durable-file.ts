import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { explained } from "./explained.ts";

export interface WriteOptions {
  /**
   * Hash what is written, on its way: a file with a checksum need not be read back.
   *
   * @defaultValue `false`
   */
  readonly sha256?: boolean;
}

/** What was written. */
export interface WrittenFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. @defaultValue it was not asked for */
  readonly sha256?: string;
}

/** What a file is made of: all of it, or its parts in order. */
export type Content = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface DurableFile {
  write(chunk: string | Uint8Array): Promise<void>;
  /** Syncs and closes. */
  finish(): Promise<WrittenFile>;
  /** Closes and removes. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/** Writes straight into `path`. Errors name `place`, which is what the user asked for. */
export const openDurableFile = async (
  path: string,
  {
    sha256 = false,
    place,
    isPlain = true,
  }: WriteOptions & {
    place: string;
    /** @defaultValue `true` */
    isPlain?: boolean;
  },
): Promise<DurableFile> => {
  const handle = await explained(place, open(path, "w"));
  const hash = sha256 ? createHash("sha256") : undefined;
  let bytes = 0;
  let isOpen = true;
  return {
    async write(chunk) {
      const all = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < all.byteLength; ) {
        // A full disk takes a part before it refuses the rest, and no call writes more than 2 GiB.
        const { bytesWritten } = await explained(place, handle.write(all, at, Math.min(all.byteLength - at, 2 ** 30)));
        hash?.update(all.subarray(at, at + bytesWritten));
        at += bytesWritten;
      }
      bytes += all.byteLength;
    },
    async finish() {
      if (isPlain) await explained(place, handle.sync()); // a pipe cannot
      isOpen = false;
      await explained(place, handle.close());
      return { bytes, ...(hash && { sha256: hash.digest("hex") }) };
    },
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      await handle.close().catch(() => {});
      if (isPlain) await rm(path, { force: true });
    },
  };
};

/** The parts of a content, in order. */
export const partsOfContent = (content: Content): Exclude<Content, string | Uint8Array> =>
  typeof content === "string" || content instanceof Uint8Array ? [content] : content;
