import { expect, it } from "vitest";
import { shown } from "./shown.ts";

const circle: { self?: unknown } = {};
circle.self = circle;
const nest = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], undefined);

it.each([
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NaN, "NaN"],
  [[1, Number.NaN], "[1,NaN]"],
  [-0, "0"],
  [2n ** 64n, "18446744073709551616"],
  ["a\nb", String.raw`"a\nb"`],
  [undefined, "nothing"],
  [null, "null"],
  [{ a: [true, null], "b c": "d" }, '{"a":[true,null],"b c":"d"}'],
  [Object.create(null, { a: { value: 1, enumerable: true } }), '{"a":1}'],
  [circle, '{"self":{"self":{"self":{...}}}}'],
  [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  [() => 1, "a function"],
  [new Map(), "a Map"],
  [new Float32Array(3), "a Float32Array"],
  [Symbol("x"), "Symbol(x)"],
])("shows %s", (value, text) => {
  expect(shown(value)).toBe(text);
});

it("shows a nest that is too deep for the stack", () => {
  expect(shown(nest(100_000))).toBe("[[[[...]]]]");
});

it("shows what is long by its beginning, at once", () => {
  const keys = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, i]));
  for (const value of ["x".repeat(1e6), Array(1e6).fill(1), 10n ** 1000n, keys, { ["k".repeat(1e6)]: 1 }]) {
    expect(shown(value)).toMatch(/^.{77}\.\.\.$/);
  }
});
