import { type RunRecord, readJson, readRun, runFiles } from "../run-record.ts";

/** The folder of the model: of a run its own `model`, of a model the folder itself. */
export const modelFolderOf = async (path: string): Promise<string> =>
  (await isRun(path)) ? runFiles(path).model : path;

/** What a model card tells of a run: its data, what it saw and what it scores. Nothing of a folder that is no run. */
export const runFacts = async (path: string): Promise<(readonly [name: string, value: string])[]> =>
  (await isRun(path)) ? factsOf(await readRun(path)) : [];

const isRun = async (path: string): Promise<boolean> => (await readJson(runFiles(path).recipe)) !== undefined;

const factsOf = ({ recipe, summary, masked }: RunRecord): [string, string][] => {
  const count = (value: number) => value.toLocaleString("en-US");
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    ["recipe", recipe.name],
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
