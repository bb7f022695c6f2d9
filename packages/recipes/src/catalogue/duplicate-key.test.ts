import { expect, it } from "vitest";
import { duplicateKey } from "./duplicate-key.ts";

it.each([
  ['{"a": 1,\n "b": 2,\n "a": 3}', { key: "a", line: 3 }],
  ['{"a": {"b": 1, "b": 1}}', { key: "b", line: 1 }],
  ['[{"a": 1}, {"a": 1, "\\u0061" : 2}]', { key: "a", line: 1 }],
  ['{"__proto__": 1, "__proto__": 2}', { key: "__proto__", line: 1 }],
])("finds the one of %s", (text, found) => {
  expect(duplicateKey(text)).toEqual(found);
});

it.each([
  '{"a": {"a": 1}, "b": {"a": 1}}',
  '[{"a": 1}, {"a": 1}]',
  '{"a": "a", "b": ["a", "a"], "c": "{\\"a\\":1,\\"a\\":2}"}',
  '"a"',
  "[[[]]]",
])("finds none in %s", (text) => {
  expect(duplicateKey(text)).toBeUndefined();
});

it("takes a long text without filling the stack", () => {
  const text = `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}, "b": "${"\\n x".repeat(2_000_000)}", "a": 1}`;
  expect(duplicateKey(text)?.key).toBe("a");
});
