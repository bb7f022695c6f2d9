/** Lies between the fields of a text, where `templateEncode` puts the model's separator: U+001F, which no text has. */
export const fieldSeparator = "\u001f";

/** Fields as one text. */
export const joinFields = (fields: readonly string[]): string =>
  fields.map((field) => field.replaceAll(fieldSeparator, " ")).join(fieldSeparator);
