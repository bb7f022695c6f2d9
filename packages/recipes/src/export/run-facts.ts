import { hasCode, problemOf } from "@cramkit/errors";
import { type RunRecord, readRun } from "../run-record.ts";

/**
 * What a model card tells of a run: its data, what it saw and what it scores. Nothing of a model without a run, or of one
 * whose files are of another version or damaged: the model can be exported all the same.
 *
 * @param say told why nothing is known of the run
 */
export const runFacts = async (
  run: string | undefined,
  say: (line: string) => void = () => {},
): Promise<(readonly [name: string, value: string])[]> => {
  if (run === undefined) return [];
  try {
    return factsOf(await readRun(run));
  } catch (error) {
    if (!hasCode(error, "version-mismatch", "damaged-file")) throw error;
    say(`the model card says nothing of the run: ${problemOf(error)}`);
    return [];
  }
};

const factsOf = ({ recipe, origin, summary, masked }: RunRecord): [string, string][] => {
  const count = (value: number) => value.toLocaleString("en-US");
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    ["recipe", recipe.name],
    ...(origin ? [["went on from", origin.from] satisfies [string, string]] : []),
    ["text", recipe.corpus.sources.map((source) => JSON.stringify(source)).join(", ")],
    ...(summary
      ? ([
          ["trained on", `${count(summary.tokens)} tokens in ${count(summary.steps)} steps`],
          ["training took", `${(summary.elapsedMs / 60_000).toFixed(1)} min on ${summary.hardware}`],
        ] satisfies [string, string][])
      : []),
    ...(masked
      ? ([
          [
            "masked tokens, held-out loss",
            `${masked.trained.loss.toFixed(3)} (untrained ${masked.untrained.loss.toFixed(3)})`,
          ],
          [
            "masked tokens, guessed right",
            `${percent(masked.trained.accuracy)} (by frequency ${percent(masked.unigram.accuracy)})`,
          ],
        ] satisfies [string, string][])
      : []),
  ];
};
