/** A value of a cell for an error, in at most 80 characters. */
export const shown = (value: unknown): string => {
  const isJson = typeof value === "string" || (typeof value === "object" && value !== null);
  const text = isJson
    ? JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one)) // Parquet has them
    : String(value);
  return text.slice(0, 80);
};
