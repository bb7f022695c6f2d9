import { type AlignedText, isAscii, mapCodePoints, textBuilder } from "./aligned-text";

/** Decomposes (NFD, NFKD) with alignment: every resulting character stands for the one that it came from. */
export function decompose(t: AlignedText, form: "NFD" | "NFKD"): AlignedText {
  if (isAscii(t.text)) return t;
  const decomposed = t.text.normalize(form);
  if (decomposed === t.text) return t;
  const mapped = mapCodePoints(t, (character) => character.normalize(form));
  return mapped.text === decomposed ? mapped : reorder(mapped);
}

/**
 * Canonical ordering of combining marks, with alignment. There is no table of combining classes: two marks belong in the
 * other order exactly where normalizing the pair swaps them.
 */
function reorder(t: AlignedText): AlignedText {
  const characters = Array.from(t.text);
  const starts: number[] = [];
  for (let i = 0, at = 0; i < characters.length; at += characters[i]!.length, i++) starts.push(at);
  const order = characters.map((_, i) => i);
  for (let i = 1; i < order.length; i++) {
    for (let j = i; j > 0 && swaps(characters[order[j - 1]!]!, characters[order[j]!]!); j--) {
      [order[j - 1], order[j]] = [order[j]!, order[j - 1]!];
    }
  }
  const out = textBuilder(t);
  for (const i of order) out.copy(starts[i]!, starts[i]! + characters[i]!.length);
  return out.build();
}

function swaps(first: string, second: string): boolean {
  if (first < "\u0300" || second < "\u0300") return false;
  return (first + second).normalize("NFD") === second.normalize("NFD") + first.normalize("NFD") && first !== second;
}
