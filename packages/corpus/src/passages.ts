import type { Document } from "./document.ts";

/** Characters of a passage if nobody says how many. */
export const passageCharacters = 4000;

/**
 * Cuts a text into passages of about `characters`, none longer, which joined are the text again: between paragraphs if
 * one ends in the second half of a passage, else between lines, else between words, else anywhere between characters.
 */
export function* cutIntoPassages(text: string, characters = passageCharacters): Generator<string> {
  let start = 0;
  while (text.length - start > characters) {
    const end = start + passageEnd(text.slice(start, start + characters));
    yield text.slice(start, end);
    start = end;
  }
  if (start < text.length) yield text.slice(start);
}

/** Where the first passage of a text ends that is to be cut within its length. */
export const passageEnd = (text: string): number => {
  const half = text.length >> 1;
  for (const border of ["\n\n", "\n", " "]) {
    const at = text.lastIndexOf(border);
    if (at + border.length > half && at >= 0) return at + border.length;
  }
  const isHalfOfPair = text.length > 1 && (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
  return isHalfOfPair ? text.length - 1 : text.length;
};

/** A document's passages that are more than white space, each named by its place in it; itself if it is no longer. */
export function* passagesOf(document: Document, characters = passageCharacters): Generator<Document> {
  if (document.text.length <= characters) {
    yield document;
    return;
  }
  let number = 0;
  for (const text of cutIntoPassages(document.text, characters)) {
    number++;
    if (text.trim() !== "") yield { ...document, text, id: `${document.id ?? ""} passage ${number}`.trimStart() };
  }
}
