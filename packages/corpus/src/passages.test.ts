import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutIntoPassages, passagesOf } from "./passages.ts";

describe("cutIntoPassages", () => {
  it("gives the whole text back, in pieces that are neither long nor halves of characters", () => {
    const text = fc.array(fc.constantFrom("a", "b c", "\n", "\n\n", "\u{1f600}", "word "), { maxLength: 200 });
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 40 }), (parts, size) => {
        const whole = parts.join("");
        const passages = [...cutIntoPassages(whole, size)];
        expect(passages.join("")).toBe(whole);
        for (const passage of passages) {
          expect(passage.length).toBeGreaterThan(0);
          expect(passage.length).toBeLessThanOrEqual(size);
          expect(Buffer.from(passage).toString()).toBe(passage); // half of a character would not come back
        }
      }),
    );
  });

  it("cuts between paragraphs, lines or words, in this order", () => {
    expect([...cutIntoPassages("one two\n\nthree four\nfive", 14)]).toEqual(["one two\n\n", "three four\n", "five"]);
    expect([...cutIntoPassages("one two three", 9)]).toEqual(["one two ", "three"]);
    expect([...cutIntoPassages("a".repeat(25), 10)].map(({ length }) => length)).toEqual([10, 10, 5]);
  });
});

describe("passagesOf", () => {
  it("names passages by their place, and leaves short documents and white space alone", () => {
    expect([...passagesOf({ text: "short", id: "a" })]).toEqual([{ text: "short", id: "a" }]);
    expect(
      [...passagesOf({ text: `one ${" ".repeat(20)} two`, id: "a" }, 8)].map(({ text, id }) => [text.trim(), id]),
    ).toEqual([
      ["one", "a passage 1"],
      ["two", "a passage 4"],
    ]);
  });
});
