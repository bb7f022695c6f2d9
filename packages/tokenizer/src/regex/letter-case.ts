/** One character as an operand; everything but letters and digits is escaped, so that it means the same anywhere. */
export const literal = (character: string) =>
  /^[A-Za-z0-9]$/.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;

let cased: string[] | undefined;

/** The characters that have another case. */
const casedCharacters = (): string[] => {
  if (cased) return cased;
  cased = [];
  for (let code = 65; code < 0x1e960; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    if (/[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u.test(character)) cased.push(character);
  }
  return cased;
};

/** The characters that are equal to this one when case is ignored, the character among them. */
const caseVariants = (character: string): string[] => {
  const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  if (variants.has("s")) variants.add("\u017f");
  if (variants.has("k")) variants.add("\u212a");
  if (character < "\u0080" && variants.size > 0) return [...variants];
  const equal = new RegExp(`^${literal(character)}$`, "iv");
  return [character, ...casedCharacters().filter((other) => other !== character && equal.test(other))];
};

/** The operand for `character`, whatever its case. */
export const anyCase = (character: string): string => {
  const variants = caseVariants(character);
  return variants.length === 1 ? literal(character) : `[${variants.map(literal).join("")}]`;
};

/** The items of a class with everything that is equal to one of them when case is ignored. */
export const itemsOfAnyCase = (items: string): string => {
  const single = /^[A-Za-z0-9]+$/.test(items);
  if (single) return [...items].map(anyCase).join("");
  const equal = new RegExp(`^[${items}]$`, "iv");
  return (
    items +
    casedCharacters()
      .filter((character) => equal.test(character))
      .map(literal)
      .join("")
  );
};
