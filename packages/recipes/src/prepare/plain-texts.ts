import { tmpdir } from "node:os";
import type { RunContext } from "../progress.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { openCorpus, requireSources } from "./corpus.ts";
import { hubWaits } from "./hub-waits.ts";

/**
 * The texts of a recipe's sources in their order, as they are written: nothing is cleaned, filtered or shuffled, and a record
 * that cannot be read is not left out but throws.
 */
export async function* plainTexts(recipe: Recipe, context: Pick<RunContext, "say" | "signal">): AsyncGenerator<string> {
  const corpus: Recipe["corpus"] = {
    ...recipe.corpus,
    ...{ cleaning: "none", exactDuplicates: false, duplicateBytes: null, decontamination: null, shuffle: false },
    ...{
      maxBadShare: 0,
      minCharacters: 0,
      maxCharacters: null,
      maxTokensPerCharacter: null,
      maxDocuments: null,
      joinSuccessive: 1,
    },
  };
  const plain = { ...recipe, corpus };
  await requireSources(plain);
  for await (const { text } of await openCorpus(plain, {
    workFolder: tmpdir(),
    onRead() {},
    say: context.say,
    hub: hubWaits(context),
  }))
    yield text;
}
