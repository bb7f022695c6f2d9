/** Where bytes come from: a file, a Blob, a range request. */
export interface ByteSource {
  /** What to call it in an error. */
  name: string;
  byteLength: number;
  /** The bytes from `begin` up to `end`, all of them. */
  read(begin: number, end: number): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** Bytes that are in memory already. */
export const bytesSource = (bytes: Uint8Array, name = "bytes"): ByteSource => {
  return { name, byteLength: bytes.byteLength, read: async (begin, end) => bytes.subarray(begin, end) };
};
