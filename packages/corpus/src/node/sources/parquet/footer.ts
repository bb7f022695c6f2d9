import { type AsyncBuffer, type FileMetaData, parquetMetadata, parquetSchema, type SchemaTree } from "hyparquet";
import { CorpusInputError } from "../bad-input.ts";
import { thriftEnd } from "./thrift-bounds.ts";

/** The longest footer that is read: one of a million column chunks fits. */
const maxFooterBytes = 64 << 20;

/** What a Parquet file says about itself, and its columns as a tree. */
export interface Footer {
  metadata: FileMetaData;
  schema: SchemaTree;
}

/** Reads the footer, checked before room is made for what it claims. Damage throws a CorpusInputError. */
export const readFooter = async (name: string, file: AsyncBuffer): Promise<Footer> => {
  const { byteLength } = file;
  try {
    const tail = Buffer.from(await file.slice(Math.max(0, byteLength - 8), byteLength));
    if (tail.toString("latin1").endsWith("PARE")) throw encrypted(name, byteLength);
    if (tail.length < 8 || !tail.toString("latin1").endsWith("PAR1")) throw new Error("no PAR1 at its end");
    const length = tail.readUInt32LE(0);
    if (length > byteLength - 8) throw new Error(`a length of ${length} bytes in a file of ${byteLength}`);
    if (length > maxFooterBytes) throw new Error(`${length} bytes, more than ${maxFooterBytes}`);
    const bytes = new Uint8Array(await file.slice(byteLength - 8 - length, byteLength));
    thriftEnd(bytes.subarray(0, length), 0);
    const metadata = parquetMetadata(bytes);
    const schema = parquetSchema(metadata);
    for (const { num_rows } of metadata.row_groups) checkCount(num_rows, "rows in a row group");
    return { metadata, schema };
  } catch (cause) {
    if (cause instanceof CorpusInputError) throw cause;
    throw new CorpusInputError(`no readable Parquet footer (${(cause as Error).message})`, {
      file: name,
      at: `byte ${byteLength}`,
      remedy: "fetch the file again",
      cause,
    });
  }
};

/** A count of the file as a number; one that cannot be throws. */
export const checkCount = (value: unknown, what: string): number => {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`${String(value)} ${what}`);
  return count;
};

export const encrypted = (file: string, byteLength: number): CorpusInputError => {
  const remedy = "write it again without encryption";
  return new CorpusInputError("the Parquet data is encrypted", {
    file,
    at: `byte ${byteLength}`,
    code: "unsupported",
    remedy,
  });
};
