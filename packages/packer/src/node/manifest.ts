import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type FaultCode, fault, shown } from "@cramkit/errors";
import { jsonDigest, nameInside } from "@cramkit/files";
import { tokenBytes } from "../rows.ts";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };

export const manifestName = "manifest.json";
export const manifestFormat = "cramkit-prepared-set";
export const manifestVersion = 2;

/** A file of rows: little-endian token ids, nothing else. */
export interface ShardEntry {
  file: string;
  rows: number;
  bytes: number;
  /** CRC-32 of every block of `rowsPerBlock` rows (the last one shorter), in hexadecimal. */
  checksums: string[];
}

/** `manifest.json` of a prepared set. */
export interface Manifest {
  format: typeof manifestFormat;
  version: number;
  /** Digest of `packing` and `configuration`: sets with the same key hold the same rows. */
  key: string;
  seqLength: number;
  rowCount: number;
  vocabSize: number;
  /** Bytes of a token on disk: 2, or 4 if the vocabulary has more than 65,536 entries. */
  tokenBytes: 2 | 4;
  rowsPerShard: number;
  rowsPerBlock: number;
  shards: ShardEntry[];
  /** Other files of the set, such as tokenizer.json. */
  files: { file: string; bytes: number; checksum: string }[];
  counts: {
    documents: number;
    emptyDocuments: number;
    /** In the rows. */
    tokens: number;
    /** Behind the last full row. */
    droppedTokens: number;
    /** Left out because of `maxRows`. */
    droppedRows: number;
  };
  /**
   * Digest of the documents that the rows were made from, in their order: SHA-256 of the digest so far and the next document's
   * ids, as numbers of 32 bits.
   * @defaultValue absent in sets of earlier versions: documents are not compared
   */
  documentsDigest?: string;
  /** The options of the packer that decide the rows. */
  packing: Json;
  /** What made the documents, as the caller states it. */
  configuration: unknown;
  /** What the caller counted on the way: what each filter kept and dropped. */
  report: unknown;
  /** SHA-256 of all of the above, in hexadecimal. */
  digest: string;
}

/** The digest of a manifest's content, whatever the order of its names and the form of its text. */
export const manifestDigest = (manifest: Omit<Manifest, "digest">): string =>
  jsonDigest({ ...manifest, digest: undefined });

/** Reads and checks `manifest.json`; undefined if the folder has none. */
export const readManifest = async (folder: string): Promise<Manifest | undefined> => {
  const path = join(folder, manifestName);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseManifest(path, text);
};

/** The digest, or undefined of values that are nested deeper than the stack reaches. */
const digestOf = (manifest: Manifest): string | undefined => {
  try {
    return manifestDigest(manifest);
  } catch {
    return undefined;
  }
};

const parseManifest = (path: string, text: string): Manifest => {
  const fail = (expected: string, got: string, remedy: string, code: FaultCode = "damaged-file"): never => {
    throw fault({ code, place: path, problem: `expected ${expected}, got ${got}`, remedy });
  };
  const again = "prepare the set again in an empty folder";
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    return fail("JSON", (error as Error).message, again);
  }
  if (manifest?.format !== manifestFormat)
    fail(`format "${manifestFormat}"`, shown(manifest?.format), "this is not a prepared set");
  if (!Number.isInteger(manifest.version)) fail(`version ${manifestVersion}`, shown(manifest.version), again);
  if (manifest.version > manifestVersion)
    fail(
      `a manifest of version ${manifestVersion} or older`,
      `version ${manifest.version}`,
      "update @cramkit/packer to read it",
      "version-mismatch",
    );
  if (manifest.version === 1)
    fail(
      `version ${manifestVersion}`,
      "version 1, whose rows were drawn with other random numbers",
      "prepare the set again in another folder, or finish what uses it with the version that made it",
      "version-mismatch",
    );
  if (manifest.version !== manifestVersion) fail(`version ${manifestVersion}`, shown(manifest.version), again);
  for (const name of ["seqLength", "vocabSize", "tokenBytes", "rowsPerShard", "rowsPerBlock"] as const)
    if (!(Number.isInteger(manifest[name]) && manifest[name] > 0))
      fail(`${name} to be a positive integer`, shown(manifest[name]), again);
  if (manifest.vocabSize > 2 ** 32 || manifest.tokenBytes !== tokenBytes(manifest.vocabSize))
    fail(
      "tokens as wide as the vocabulary needs",
      `${shown(manifest.tokenBytes)} bytes for ${manifest.vocabSize} entries`,
      again,
    );
  if (manifest.rowsPerBlock > manifest.rowsPerShard)
    fail("blocks within a shard", `${manifest.rowsPerBlock} rows of ${manifest.rowsPerShard}`, again);
  if (!Array.isArray(manifest.shards)) fail("a list of shards", shown(manifest.shards), again);
  if (!Array.isArray(manifest.files)) fail("a list of files", shown(manifest.files), again);
  for (const entry of [...manifest.shards, ...manifest.files]) nameInside(dirname(path), entry?.file, path);
  const rowBytes = manifest.seqLength * manifest.tokenBytes;
  let rows = 0;
  for (const [i, shard] of manifest.shards.entries()) {
    const full = i + 1 < manifest.shards.length;
    if (
      !Number.isInteger(shard?.rows) ||
      shard.bytes !== shard.rows * rowBytes ||
      (full ? shard.rows !== manifest.rowsPerShard : !(shard.rows <= manifest.rowsPerShard))
    )
      fail(`shard ${shard.file} to have ${manifest.rowsPerShard} rows of ${rowBytes} bytes`, shown(shard?.rows), again);
    if (shard.checksums?.length !== Math.ceil(shard.rows / manifest.rowsPerBlock))
      fail(`a checksum for every block of ${shard.file}`, shown(shard.checksums?.length), again);
    rows += shard.rows;
  }
  if (rows !== manifest.rowCount) fail(`${shown(manifest.rowCount)} rows in all shards`, `${rows}`, again);
  const digest =
    digestOf(manifest) ?? fail("values as a preparation writes them", "some that are nested too deep", again);
  if (manifest.digest !== digest)
    fail(
      `the digest ${digest} of its content`,
      `${shown(manifest.digest)}: it was damaged, or changed by hand`,
      "copy the file again, or prepare the set again in an empty folder",
    );
  return manifest;
};
