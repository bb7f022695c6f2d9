import { join } from "node:path";
import { hasCode } from "@cramkit/errors";
import { expect, it } from "vitest";
import { nameInside } from "./index.ts";

it.each(["a.bin", "a/b.bin", "..a", "a..b", ".hidden", "a b", "grün.json", "C"])("takes %s", (name) => {
  expect(nameInside("/data", name)).toBe(join("/data", name));
});

it.each([
  "../victim.txt",
  "../../victim.txt",
  "a/../../victim.txt",
  "a/..",
  "..",
  ".",
  "./a",
  "",
  "/etc/passwd",
  "a//b",
  "a/",
  "..\\victim.txt",
  "a\\b",
  "C:\\victim.txt",
  "c:victim.txt",
  "a\0b",
  "a\nb",
  ".. /victim.txt",
  ".../victim.txt",
  undefined,
  null,
  7,
  ["a"],
  { toString: () => "a" },
])("refuses %j", (name) => {
  let error: unknown;
  try {
    nameInside("/data", name, "manifest.json");
  } catch (failure) {
    error = failure;
  }
  expect(hasCode(error, "damaged-file")).toBe(true);
  expect((error as Error).message).toMatch(/^manifest\.json: expected the name of a file inside/);
});
