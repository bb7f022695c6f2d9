import { expect, it } from "vitest";
import { utf8Scratch } from "./utf8-scratch.ts";

it("gives the bytes of one text after the other, long ones and halves of pairs too", () => {
  const encode = utf8Scratch();
  const texts = [
    "",
    "a",
    "na\u00efve \u4eba \u{1f600}",
    "",
    "lone \ud800",
    "x".repeat(5000),
    "\u4eba".repeat(1_100_000),
    "b",
  ];
  for (const text of texts) {
    expect(encode(text).equals(Buffer.from(text))).toBe(true);
    expect(encode(text)).toBe(encode(text));
  }
});
