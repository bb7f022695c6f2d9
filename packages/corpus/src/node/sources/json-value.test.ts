import { describe, expect, it } from "vitest";
import { checkSize, parseJson } from "./json-value.ts";

describe("parseJson", () => {
  it("reads the constants that Python writes, and leaves them alone in texts", () => {
    expect(parseJson('{"a": NaN, "b": Infinity, "c": [-Infinity], "t": "NaN \\"Infinity\\\\"}')).toEqual({
      a: null,
      b: Infinity,
      c: [-Infinity],
      t: 'NaN "Infinity\\',
    });
    expect(parseJson('"-Infinity"')).toBe("-Infinity");
  });

  it("refuses what neither writes, with the message of JSON.parse", () => {
    for (const text of ["{a: NaN}", '{"a": Infinity', "NaNa", "+Infinity", '{"NaN: 1}', '"a" NaN'])
      expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe("checkSize", () => {
  const bytes = (text: string) => Buffer.from(text);

  it("counts the values of long JSON, but not signs in its texts", () => {
    const text = ",[{".repeat(2 << 20);
    expect(() => checkSize(bytes(JSON.stringify({ text, quoted: '"\\' })))).not.toThrow();
    expect(() => checkSize(bytes(`[${"[],".repeat(3 << 20)}0]`))).toThrow("more than 4194304 values in one record");
    expect(() => checkSize(bytes("[".repeat(5 << 20)))).toThrow("more than 10000 values inside of one another");
  });
});
