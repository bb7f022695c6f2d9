import { jsonDigest } from "@cramkit/files";

/** Digest of any JSON value, whatever the order of its names: 16 hexadecimal digits, fit for the name of a folder. */
export const preparedSetKey = (configuration: unknown): string => jsonDigest(configuration).slice(0, 16);
