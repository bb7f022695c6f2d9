import type { TruncationStrategy } from "tokenizers";
import { describe, expect, test } from "vitest";
import { trainTokenizer } from "./index.ts";
import { kinds } from "./testing/cases.testing.ts";
import { loadRust } from "./testing/rust.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

const text = sampleText(100);
const tokenizer = await trainTokenizer(text.split("\n"), { ...kinds["WordPiece, BERT"]!, size: "trained" });
const [short, long] = ["The captain.", text.slice(0, 200)];

describe("truncation as in the Rust implementation", () => {
  const strategies = [
    ["longest-first", "LongestFirst"],
    ["only-first", "OnlyFirst"],
    ["only-second", "OnlySecond"],
  ] as const;
  for (const [strategy, rustStrategy] of strategies) {
    for (const direction of ["right", "left"] as const) {
      test.each([3, 4, 7, 8, 20, 21, 1000])(`${strategy}, ${direction}, %i`, async (maxLength) => {
        const rust = loadRust(tokenizer);
        rust.setTruncation(maxLength, { strategy: rustStrategy as TruncationStrategy, direction });
        for (const [a, b] of [[short, long], [long, short], [long, long], [short, short], [long]] as [
          string,
          string?,
        ][]) {
          const expected = await rust.encode(a, b).then(
            (encoding) => encoding.getIds(),
            () => "an error",
          );
          let actual: number[] | string;
          try {
            const truncation = { maxLength, strategy, direction };
            actual = (
              b === undefined ? tokenizer.encode(a, { truncation }) : tokenizer.encodePair(a, b, { truncation })
            ).ids;
          } catch {
            actual = "an error";
          }
          expect(actual).toEqual(expected);
        }
      });
    }
  }
});

describe("padding", () => {
  test("to the longest, to a multiple, to a length, on either side, as in the Rust implementation", async () => {
    const rust = loadRust(tokenizer);
    for (const [padding, rustPadding] of [
      [{ length: "longest" }, {}],
      [{ length: "longest", multipleOf: 8 }, { padToMultipleOf: 8 }],
      [
        { length: 100, id: 3, typeId: 1, token: "X", direction: "left" },
        { maxLength: 100, padId: 3, padTypeId: 1, padToken: "X", direction: "left" },
      ],
    ] as const) {
      rust.setPadding({ direction: "right", ...rustPadding });
      const expected = await rust.encodeBatch([short, long]);
      const actual = tokenizer.encodeBatch([short, long], { padding });
      actual.forEach((encoding, i) => {
        expect(encoding.ids).toEqual(expected[i]!.getIds());
        expect(encoding.typeIds).toEqual(expected[i]!.getTypeIds());
        expect(encoding.tokens).toEqual(expected[i]!.getTokens());
        expect(encoding.attentionMask).toEqual(expected[i]!.getAttentionMask());
        expect(encoding.specialTokensMask).toEqual(expected[i]!.getSpecialTokensMask());
        expect(encoding.offsets).toEqual(expected[i]!.getOffsets());
      });
    }
  });

  test("encodeIds pads and truncates as encode does", () => {
    const options = { truncation: { maxLength: 12 }, padding: { length: 16 } } as const;
    for (const sample of [short, long]) {
      expect(Array.from(tokenizer.encodeIds(sample, options))).toEqual(tokenizer.encode(sample, options).ids);
    }
  });
});

test("offsets in UTF-16 units cut the words out of the text", () => {
  const sample = "the \u{1f44d} captain";
  const { offsets, tokens } = tokenizer.encode(sample, { offsetUnit: "utf16", addSpecialTokens: false });
  expect(sample.slice(...offsets[tokens.indexOf("captain")]!)).toBe("captain");
});
