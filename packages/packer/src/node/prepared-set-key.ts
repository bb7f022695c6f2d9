import { createHash } from "node:crypto";

/** Digest of any JSON value, whatever the order of its names: 16 hexadecimal digits, fit for the name of a folder. */
export const preparedSetKey = (configuration: unknown): string => {
  return createHash("sha256").update(canonicalJson(configuration)).digest("hex").slice(0, 16);
};

/** JSON whose text does not depend on the order of names. */
export const canonicalJson = (value: unknown): string => {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
};
