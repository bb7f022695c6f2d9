import fc from "fast-check";
import type { Tokenizer as Rust } from "tokenizers";
import { describe, expect, test } from "vitest";
import { type Tokenizer, tokenizerFromJson, trainTokenizer } from "./index.ts";
import { kinds } from "./testing/cases.testing.ts";
import { expectSame, loadRust } from "./testing/rust.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

const text = sampleText(300);

const hard = [
  "",
  " ",
  "\n\t \r\n",
  "Hello   world",
  "caf\u00e9 cafe\u0301 \u0301\u0316 e\u0316\u0301 \u0344\u0f73\u0f72",
  "\u6f22\u5b57 and \u4eee\u540d\u304b\u306a \ud55c\uad6d\uc5b4 \u1112\u1161\u11ab",
  "\u0300\u1df7",
  "e\u1df6\u0300 a\u1df7\u0301",
  "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{1f44d}\u{1f3fd} \u{20000}\u{2f800}",
  "lone \ud800 and \udc00\ud800 end \ud83d",
  "control \u0000\u0001\u007f\u00ad\ufeff\u200b\u2028 done",
  "\u0130stanbul \u03a3\u03a3 \ufb01sh \u212b \u01c4",
  "<mask> x<s> </s>[MASK]<unk>##ing _ __a_b ``quoted'' 'tis don't I'LL",
  "a\u00a0b\u3000c d\u0085e\u000bf\u000cg",
  `${"ab".repeat(60)} ${"!".repeat(120)}`,
];

/** Anything that JavaScript can have in a string, with what is special to tokenizers more often than chance. */
const anyText = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          "the ",
          " lighthouse",
          "couldn't",
          ".",
          "  ",
          "\n",
          "<s>",
          "[MASK]",
          "\u0301",
          "\u0323",
          "e",
          "\u00e9",
          "\u6f22",
          "\u{1f44d}",
          "\ud800",
          "\udfff",
          "\u0000",
          "\u00a0",
          "_",
          "1847",
        ),
      },
      { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
      { weight: 1, arbitrary: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) },
      { weight: 1, arbitrary: fc.integer({ min: 0x300, max: 0x36f }).map((unit) => String.fromCharCode(unit)) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe.each(Object.entries(kinds))("%s", (_, options) => {
  let trained: Promise<{ ours: Tokenizer; rust: Rust }> | undefined;
  const both = () =>
    (trained ??= (async () => {
      const ours = await trainTokenizer(text.split("\n"), { ...options, size: "trained" });
      return { ours, rust: loadRust(ours) };
    })());

  test("hard cases, alone and in pairs", async () => {
    const { ours, rust } = await both();
    for (const sample of [...hard, hard.join(" "), text.slice(0, 5000)]) {
      await expectSame(ours, rust, sample);
      await expectSame(ours, rust, [sample, hard[3]!]);
    }
  });

  test("any text", async () => {
    const { ours, rust } = await both();
    await fc.assert(
      fc.asyncProperty(anyText, (sample) => expectSame(ours, rust, sample)),
      { numRuns: 300 },
    );
  });

  test("comes back from its JSON", async () => {
    const { ours } = await both();
    const again = tokenizerFromJson(JSON.stringify(ours));
    expect(again.toJSON()).toEqual(ours.toJSON());
    expect(again.encode(text)).toEqual(ours.encode(text));
  });
});

test.each([" ", "\n", "", "_", "a b"])(
  "runs of spaces become %j, alone and beside other replacements",
  async (content) => {
    const replace = (pattern: object, content: string) => ({ type: "Replace", pattern, content });
    const options = { ...kinds.cramming!, size: "trained" as const };
    const ours = await trainTokenizer(text.split("\n"), {
      ...options,
      normalizer: {
        type: "Sequence",
        normalizers: [replace({ Regex: "[^\\x00-\\x7F]+" }, content), replace({ Regex: " {2,}" }, content)],
      },
    });
    const rust = loadRust(ours);
    for (const sample of ["two  words   and more", "  the\u3000keeper  ", "caf\u00e9  -\u00e9\u00e9- x", ...hard])
      await expectSame(ours, rust, sample);
  },
);
