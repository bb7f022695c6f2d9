import { createHash } from "node:crypto";
import type { TokenDocuments } from "../pack-rows.ts";

/** Documents that tell one source from another. */
const headDocuments = 16;

const digestOf = (document: ArrayLike<number>): string =>
  createHash("sha256").update(Uint32Array.from(document)).digest("hex");

/** Passes documents on, from number `from` on, and notes down the digests of the first ones. */
export async function* withHead(
  documents: TokenDocuments,
  from: number,
  head: string[],
): AsyncGenerator<ArrayLike<number>> {
  let number = from;
  for await (const document of documents) {
    if (number < headDocuments) head[number] = digestOf(document);
    number++;
    yield document;
  }
}

/** One digest of those of the first documents; undefined if one is not known. */
export const headDigest = (head: readonly string[], documents: number): string | undefined => {
  const known = head.slice(0, Math.min(documents, headDocuments)).filter(Boolean);
  if (known.length < Math.min(documents, headDocuments)) return undefined;
  return createHash("sha256").update(known.join()).digest("hex");
};

/** The digest of the first documents of a source, of which no more are read. */
export const readHeadDigest = async (documents: TokenDocuments): Promise<string | undefined> => {
  const head: string[] = [];
  for await (const _ of withHead(documents, 0, head)) if (head.length === headDocuments) break;
  return headDigest(head, head.length);
};
