import { expect, it } from "vitest";
import { sortedWords } from "./sorted-words.ts";

const count = 5000;
const letters = "abcxyzAZ09_-\0\x7f";
const wordOf = (n: number, alphabet: string) => {
  let word = "";
  for (let rest = Math.imul(n + 1, 0x9e3779b1) >>> 0; rest > 0; rest = Math.floor(rest / (alphabet.length + 3)))
    word += alphabet[rest % alphabet.length];
  return word;
};

it.each([
  ["ASCII", letters],
  ["other characters", `${letters}\u00e9\uffff\u{1f600}`],
])("sorts many words of %s by their units, with their counts", (_, alphabet) => {
  const words = new Map(Array.from({ length: count }, (_, n) => [wordOf(n, alphabet), n]));
  for (const short of ["", "a", "a\0", "ab", "abc", "abcx", "abcxa", "abcx\0"]) words.set(short, short.length);
  const sorted = sortedWords(words);
  expect([...sorted.keys()]).toEqual([...words.keys()].sort());
  expect([...sorted].every(([word, times]) => words.get(word) === times)).toBe(true);
  expect(sorted.size).toBe(words.size);
  sorted.clear();
  expect([sorted.size, [...sorted], [...sorted.keys()]]).toEqual([0, [], []]);
});
