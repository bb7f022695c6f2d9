import { createHash } from "node:crypto";
import type { TokenDocuments } from "../pack-rows.ts";

/** A digest of documents in their order, from which it can go on. */
export interface DocumentsDigest {
  /** SHA-256 of the digest so far and the next document, one after the other. */
  readonly value: string;
  /** Whether the value stands for these documents and no more. */
  readonly ended: boolean;
}

export const noDocuments: DocumentsDigest = { value: "", ended: false };

const withDocument = ({ value }: DocumentsDigest, document: ArrayLike<number>): DocumentsDigest => {
  const ids = document instanceof Uint32Array ? document : Uint32Array.from(document);
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  return { value: createHash("sha256").update(value).update(bytes).digest("hex"), ended: false };
};

const atEnd = (digest: DocumentsDigest): DocumentsDigest =>
  digest.ended ? digest : { value: createHash("sha256").update(`${digest.value} end`).digest("hex"), ended: true };

/** Passes documents on and tells `note` the digest of those that the receiver has done with. */
export async function* withDigest(
  documents: TokenDocuments,
  before: DocumentsDigest,
  note: (digest: DocumentsDigest) => void,
): AsyncGenerator<ArrayLike<number>> {
  let digest = before;
  for await (const document of documents) {
    yield document;
    digest = withDocument(digest, document);
    note(digest);
  }
  note(atEnd(digest));
}

/** Whether the first `count` documents of a source are those of the digest, and if it stands for no more, all. */
export const hasDigest = async (documents: TokenDocuments, count: number, value: string): Promise<boolean> => {
  let digest = noDocuments;
  let number = 0;
  for await (const document of documents) {
    if (number++ === count) return digest.value === value;
    digest = withDocument(digest, document);
  }
  return number === count && (digest.value === value || atEnd(digest).value === value);
};
