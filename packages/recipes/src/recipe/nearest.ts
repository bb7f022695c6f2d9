import { distance } from "fastest-levenshtein";

/** No list of names in a message is longer. */
const mostNames = 60;

/**
 * The names that someone who mistyped `name` may have meant, nearest first; if none is near, all of them, or as many as a
 * message holds.
 */
export const nearest = (name: string, names: readonly string[]): string[] => {
  const typed = name.toLowerCase();
  const near = names
    .flatMap((candidate) => {
      const furthest = Math.max(2, candidate.length / 3);
      const holds = candidate.includes(name);
      // Texts are at least as far apart as their lengths, so that one of a megabyte costs nothing.
      if (!holds && Math.abs(candidate.length - typed.length) > furthest) return [];
      const away = distance(typed, candidate.toLowerCase());
      return holds || away <= furthest ? [{ candidate, away }] : [];
    })
    .sort((a, b) => a.away - b.away)
    .map(({ candidate }) => candidate);
  return near.length > 0 ? near.slice(0, 3) : names.slice(0, mostNames);
};
