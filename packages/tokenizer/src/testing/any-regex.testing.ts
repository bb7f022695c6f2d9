import fc from "fast-check";

const character = fc.constantFrom(
  ..."a b c 1 . \\w \\s \\d \\S \\h \\R \\N \\O \\n \\p{L} [ab] [^a] [[:alpha:]] [^\\s\\d] [a-c&&[^b]] \u00e9 (?i:b) (?i:\u00e9)".split(
    " ",
  ),
  " ",
);
const position = fc.constantFrom(..."\\b \\B ^ $ \\A \\z \\Z (?=a) (?!b) (?<=a) (?<!b) (?i)c (?#x) (?i)|B".split(" "));
const quantifier = fc.constantFrom(
  ...",,,,*,+,?,*?,+?,??,*+,++,?+,{2},{1;2},{;2},{1;},{2}?,{1;2}?,{1;2}+,{0;1},{2;1},{0}"
    .split(",")
    .map((text) => text.replace(";", ",")),
);
const group = fc.constantFrom("(", "(?:", "(?>", "(?i:", "(?m:", "(?x:", "(?<n>");

const grammar = fc.letrec<{ atom: string; look: string; item: string; sequence: string; choice: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 3 },
    { weight: 5, arbitrary: character },
    { weight: 3, arbitrary: fc.tuple(group, tie("choice")).map(([open, body]) => `${open}${body})`) },
  ),
  look: fc.tuple(fc.constantFrom("(?=", "(?!"), tie("choice")).map(([open, body]) => `${open}${body})`),
  item: fc
    .tuple(
      tie("atom"),
      quantifier,
      fc.oneof({ weight: 8, arbitrary: fc.constant("") }, { weight: 1, arbitrary: quantifier }),
    )
    .map((parts) => parts.join("")),
  sequence: fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: tie("item") },
        { weight: 1, arbitrary: position },
        { weight: 1, arbitrary: tie("look") },
      ),
      { maxLength: 3 },
    )
    .map((parts) => parts.join("")),
  choice: fc.array(tie("sequence"), { minLength: 1, maxLength: 3 }).map((options) => options.join("|")),
}));

/** Regular expressions of every construct that is supported. Long ones end Oniguruma by its limit of retries. */
export const anyRegex: fc.Arbitrary<string> = grammar.choice.filter((pattern) => pattern.length <= 60);

export const anyRegexText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom("a", "b", "c", "A", "C", " ", "\n", "1", "\u00e9", "\u00c9", "\u{1f44d}", "_", "\r\n"), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));
