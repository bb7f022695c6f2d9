/** English with names, numbers and contractions, made from a small grammar: the same text for the same size. */
export const sampleText = (sentences: number): string => {
  const pick = (list: readonly string[], i: number, salt: number) =>
    list[(Math.imul(i * 31 + salt, 0x9e3779b1) >>> 8) % list.length]!;
  const subjects = [
    "The old captain",
    "A young woman",
    "Nobody",
    "My brother's friend",
    "The committee",
    "An unhappy traveller",
  ];
  const verbs = [
    "remembered",
    "had forgotten",
    "couldn't understand",
    "was describing",
    "reconsidered",
    "doesn't believe in",
  ];
  const objects = [
    "the lighthouse",
    "every promise",
    "her grandmother's letters",
    "twenty-one questions",
    "caf\u00e9s and na\u00efve songs",
    "the year 1847",
  ];
  const ends = [".", "!", "; it rained.", ", they said: \u201cnever again\u201d.", " -- and so on...", "?"];
  return Array.from(
    { length: sentences },
    (_, i) => `${pick(subjects, i, 1)} ${pick(verbs, i, 2)} ${pick(objects, i, 3)}${pick(ends, i, 4)}\n`,
  ).join("");
};
