import { type AlignedText, textBuilder } from "../text/aligned-text.ts";

/** Puts `prefix` before a text that is not empty, aligned to its first character. */
export const prepend = (t: AlignedText, prefix: string): AlignedText => {
  if (t.text === "" || prefix === "") return t;
  const first = t.text.codePointAt(0)! > 0xffff ? 2 : 1;
  const out = textBuilder(t);
  out.add(prefix, 0, first);
  out.copy(0, t.text.length);
  return out.build();
};
