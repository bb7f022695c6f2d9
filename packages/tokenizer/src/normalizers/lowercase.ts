import { type AlignedText, mapCodePoints, withText } from "../text/aligned-text.ts";

/** Lower-cases each character alone: a capital sigma never becomes a final sigma. */
export const lowercase = (t: AlignedText): AlignedText => {
  const lower = t.text.replaceAll("\u03a3", "\u03c3").toLowerCase();
  // Only U+0130 becomes longer; otherwise every unit stays where it was.
  if (lower.length === t.text.length) return withText(t, lower);
  return mapCodePoints(t, (character) => character.toLowerCase());
};
