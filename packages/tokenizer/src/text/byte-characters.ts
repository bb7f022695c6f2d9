/** The printable stand-ins of the 256 bytes in byte-level vocabularies: a space is U+0120. */
export const byteCharacters = (): string[] => {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
};

const encoder = /* @__PURE__ */ new TextEncoder();

/** The stand-ins of the UTF-8 bytes of `character`. */
export const byteLevelText = (character: string, characters: readonly string[]): string => {
  const code = character.charCodeAt(0);
  if (code < 128) return characters[code]!;
  let text = "";
  for (const byte of encoder.encode(character)) text += characters[byte];
  return text;
};
