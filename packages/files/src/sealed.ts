import { fault, shown } from "@cramkit/errors";
import { jsonDigest } from "./json-digest.ts";

/** A record with a checksum of its own content. */
export type Sealed<T> = T & { readonly checksum: string };

/**
 * A record of plain JSON with a checksum over the rest of it, so that one file, or one line, is checked by itself. What JSON
 * cannot hold is left out of both.
 */
export const sealed = <T extends object>(record: T): Sealed<T> => ({ ...record, checksum: jsonDigest(record) });

/**
 * A record that was read, without its checksum. One that has none, as earlier versions wrote it, is taken as it is.
 *
 * @param place - The file, for an error.
 * @param remedy - What to do about a damaged one.
 * @throws a fault `damaged-file` if it is no object, or another one than was sealed
 */
export const unsealed = <T extends object>(record: unknown, place: string, remedy: string): T => {
  if (typeof record !== "object" || record === null || Array.isArray(record))
    throw fault({ code: "damaged-file", place, problem: `expected a JSON object, got ${shown(record)}`, remedy });
  const { checksum, ...content } = record as Partial<Sealed<T>>;
  if (checksum !== undefined && checksum !== jsonDigest(content))
    throw fault({
      code: "damaged-file",
      place,
      problem: "its checksum does not match, its content was changed",
      remedy,
    });
  return content as T;
};
