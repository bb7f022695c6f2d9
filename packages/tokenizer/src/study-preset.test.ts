import { describe, expect, test } from "vitest";
import { coverageCounter, crammingTokenizerOptions, studyAlgorithms, textSettings, trainTokenizer } from "./index.ts";
import { expectSame, loadRust } from "./testing/rust.testing.ts";

/** Article 1 of the Universal Declaration of Human Rights, in the public domain, and what users wrote. */
const languages = {
  English:
    "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience.",
  German:
    "Alle Menschen sind frei und gleich an W\u00fcrde und Rechten geboren. Stra\u00dfe, Gr\u00f6\u00dfe, \u00dcbermut.",
  French:
    "Tous les \u00eatres humains naissent libres et \u00e9gaux en dignit\u00e9 et en droits. \u0152uvre, na\u00eff, \u00e7a.",
  Russian:
    "\u0412\u0441\u0435 \u043b\u044e\u0434\u0438 \u0440\u043e\u0436\u0434\u0430\u044e\u0442\u0441\u044f \u0441\u0432\u043e\u0431\u043e\u0434\u043d\u044b\u043c\u0438 \u0438 \u0440\u0430\u0432\u043d\u044b\u043c\u0438 \u0432 \u0441\u0432\u043e\u0435\u043c \u0434\u043e\u0441\u0442\u043e\u0438\u043d\u0441\u0442\u0432\u0435 \u0438 \u043f\u0440\u0430\u0432\u0430\u0445. \u0401\u0436\u0438\u043a.",
  Chinese:
    "\u4eba\u4eba\u751f\u800c\u81ea\u7531\uff0c\u5728\u5c0a\u4e25\u548c\u6743\u5229\u4e0a\u4e00\u5f8b\u5e73\u7b49\u3002",
  Japanese:
    "\u3059\u3079\u3066\u306e\u4eba\u9593\u306f\u3001\u751f\u307e\u308c\u306a\u304c\u3089\u306b\u3057\u3066\u81ea\u7531\u3067\u3042\u308a\u3001\u30ab\u30bf\u30ab\u30ca\u3002",
  Korean: "\ubaa8\ub4e0 \uc778\uac04\uc740 \ud0dc\uc5b4\ub0a0 \ub54c\ubd80\ud130 \uc790\uc720\ub85c\uc6b0\uba70.",
  Arabic:
    "\u064a\u0648\u0644\u062f \u062c\u0645\u064a\u0639 \u0627\u0644\u0646\u0627\u0633 \u0623\u062d\u0631\u0627\u0631\u064b\u0627 \u0645\u062a\u0633\u0627\u0648\u064a\u0646.",
  Hindi:
    "\u0938\u092d\u0940 \u092e\u0928\u0941\u0937\u094d\u092f\u094b\u0902 \u0915\u094b \u0917\u094c\u0930\u0935 \u0914\u0930 \u0905\u0927\u093f\u0915\u093e\u0930\u094b\u0902.",
  Thai: "\u0e21\u0e19\u0e38\u0e29\u0e22\u0e4c\u0e17\u0e31\u0e49\u0e07\u0e2b\u0e25\u0e32\u0e22\u0e40\u0e01\u0e34\u0e14\u0e21\u0e32\u0e21\u0e35\u0e2d\u0e34\u0e2a\u0e23\u0e30",
  emoji:
    "Great \u{1f44d}\u{1f3fd} work \u{1f468}\u200d\u{1f469}\u200d\u{1f467}, \u2764\ufe0f ``quoted'' ''text''  two  spaces",
};
const documents = Object.values(languages).flatMap((text) => Array.from({ length: 6 }, () => text));

describe.each(studyAlgorithms)("%s", (algorithm) => {
  describe.each(Object.keys(textSettings) as (keyof typeof textSettings)[])("%s", (text) => {
    test("has the ids of the Rust implementation in ten languages", async () => {
      const ours = await trainTokenizer(documents, {
        ...crammingTokenizerOptions({ algorithm, text, vocabSize: 900 }),
        size: "trained",
      });
      const rust = loadRust(ours);
      for (const sample of Object.values(languages)) await expectSame(ours, rust, sample);
      await expectSame(ours, rust, [languages.Russian, languages.Chinese]);
    });
  });

  test("keeps every language but for English, where it says what it deletes", async () => {
    const count = async (text: keyof typeof textSettings, language: keyof typeof languages) => {
      const options = crammingTokenizerOptions({ algorithm, text, vocabSize: 2000 });
      return coverageCounter(await trainTokenizer(documents, { ...options, size: "trained" }))(languages[language]);
    };
    for (const language of ["German", "Russian", "Chinese", "Arabic"] as const) {
      expect(await count("multilingual", language)).toMatchObject({ deleted: 0 });
    }
    const { characters, deleted } = await count("english", "Russian");
    expect(deleted / characters).toBeGreaterThan(0.8);
    expect((await count("english", "German")).deleted).toBe(2); // two sharp s
    expect(await count("english", "English")).toEqual({ characters: languages.English.length, deleted: 0, unknown: 0 });
  });
});

test("the study's BPE is byte-level, with two occurrences at least, and gives the text again", async () => {
  const options = crammingTokenizerOptions({ algorithm: "BPE", text: "multilingual", vocabSize: 600 });
  expect(options).toMatchObject({ model: "BPE", minFrequency: 2, decoder: { type: "ByteLevel" } });
  const tokenizer = await trainTokenizer(documents, { ...options, size: "trained" });
  for (const text of ["Stra\u00dfe", "\u{1f98a} never seen", "\u4e2d"])
    expect(tokenizer.decode(tokenizer.encodeIds(text)).replace(/ /g, "")).toBe(text.replace(/ /g, ""));
});

test("single switches come on top of the settings for a text", () => {
  const steps = (options: object) =>
    (crammingTokenizerOptions(options).normalizer as unknown as { normalizers: { type: string }[] }).normalizers.map(
      ({ type }) => type,
    );
  expect(steps({})).toEqual(["Replace", "Replace", "NFD", "Lowercase", "StripAccents", "Replace", "Replace"]);
  expect(steps({ asciiOnly: false })).toEqual(["Replace", "Replace", "NFD", "Lowercase", "StripAccents", "Replace"]);
  expect(steps({ text: "cased" })).toEqual(["Replace", "Replace", "NFKC", "Replace"]);
  expect(steps({ text: "cased", lowercase: true })).toEqual(["Replace", "Replace", "NFKC", "Lowercase", "Replace"]);
  expect(steps({ text: "multilingual" })).toContain("BertNormalizer");
  expect(steps({ escapeSpaces: true })).toHaveLength(8);
});

test("special tokens as BERT writes them", async () => {
  const options = crammingTokenizerOptions({ specialTokens: "bert", includeCls: true, vocabSize: 200 });
  const tokenizer = await trainTokenizer(documents, { ...options, size: "trained" });
  const { tokens } = tokenizer.encode("all");
  expect([tokens[0], tokens.at(-1), tokenizer.tokenToId("[MASK]")]).toEqual(["[CLS]", "[SEP]", 4]);
});

test.each([
  [{ algorithm: "GPT" }, "algorithm to be one of"],
  [{ text: "german" }, 'text to be one of "english", "cased", "multilingual"'],
  [{ specialTokens: "gpt" }, "specialTokens to be one of"],
])("%j is refused", (options, message) => {
  expect(() => crammingTokenizerOptions(options as never)).toThrow(message);
});
