/** A text to begin with: sentences of a small world, the same every time. */
export const sampleText = (): string => {
  const who = [
    "The cat",
    "The dog",
    "My sister",
    "The old man",
    "A child",
    "The teacher",
    "Our neighbour",
    "The queen",
  ];
  const does = ["sat on", "looked at", "slept near", "painted", "sold", "cleaned", "walked around", "asked about"];
  const what = [
    "the mat",
    "the red house",
    "a boat",
    "the garden",
    "the market",
    "a small table",
    "the river",
    "a letter",
  ];
  const when = ["in the morning", "at night", "yesterday", "every day", "after lunch", "before the rain", "in winter"];
  let seed = 1;
  const next = (count: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
  };
  const one = (list: readonly string[]) => list[next(list.length)]!;
  const lines: string[] = [];
  for (let i = 0; i < 5000; i++) lines.push(`${one(who)} ${one(does)} ${one(what)} ${one(when)}.`);
  return lines.join("\n");
};

export const sampleSentence = "The old man walked around the [MASK] every day.";
