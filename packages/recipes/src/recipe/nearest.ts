import { distance } from "fastest-levenshtein";

/** The names that someone who mistyped `name` may have meant, nearest first; all of them if none is near. */
export const nearest = (name: string, names: readonly string[]): string[] => {
  const near = names
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => away <= Math.max(2, candidate.length / 3) || candidate.includes(name))
    .sort((a, b) => a.away - b.away)
    .map(({ candidate }) => candidate);
  return near.length > 0 ? near.slice(0, 3) : [...names];
};
