import type { Example } from "../examples/example.ts";
import { placeOf } from "../examples/task.ts";

/** Says of how many examples of a set something is true, and which was the first. */
export const sayCount = (
  say: (line: string) => void,
  { examples, role, found }: { examples: readonly Example[]; role: string; found: readonly number[] },
  what: string,
): void => {
  if (found.length === 0) return;
  const first = placeOf(examples[found[0]!]!, found[0]!);
  say(`${found.length} of ${examples.length} rows of the ${role} ${what}; the first is ${first}`);
};
