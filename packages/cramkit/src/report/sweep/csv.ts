/** A table as CSV (RFC 4180): fields with a comma, a quote or a line end in quotes; what is undefined is empty. */
export const csv = (rows: readonly (readonly unknown[])[]): string =>
  rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");

const field = (value: unknown): string => {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
