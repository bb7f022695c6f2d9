import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal of any JSON value, whatever the order of its names and the form of its text. */
export const jsonDigest = (value: unknown): string => createHash("sha256").update(canonicalJson(value)).digest("hex");

/** JSON whose text does not depend on the order of names. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
