import { expect, it } from "vitest";
import { maskedSentence } from "./masked-example.ts";

it.each([
  [
    "a novel",
    ["CHAPTER I\n\nEmma Woodhouse, handsome, clever, and rich. She was very\nglad to see him."],
    "Emma Woodhouse, [MASK], clever, and rich.",
  ],
  [
    "German",
    ["Ja. Der Hund läuft über die alte Brücke nach Süden."],
    "Der Hund [MASK] über die alte Brücke nach Süden.",
  ],
  ["Russian", ["Старый дом стоит у высокого моста рано утром."], "Старый дом стоит у [MASK] моста рано утром."],
  [
    "a later document",
    ["1, 2, 3", 'He said: "$(rm)" and `more`.', "The cat sat on the mattress."],
    "The cat sat on the [MASK].",
  ],
])("masks the longest word of a plain sentence of %s", (_, texts, sentence) => {
  expect(maskedSentence(texts)).toBe(sentence);
});

it("finds nothing in text without sentences of a handy length", () => {
  expect(maskedSentence([])).toBeUndefined();
  expect(maskedSentence(["Yes. No.", "{ code }", "\u4eba\u4eba\u751f\u800c\u81ea\u7531\u3002"])).toBeUndefined();
});
