import { writeFileAtomic } from "@cramkit/files";
import { applySettings, findRecipe, prepare, type RunContext } from "@cramkit/recipes";
import { type RowsDescription, rowsFile } from "./files.ts";

/** Prepares the rows of a cram from text, and writes beside them what they were prepared with. */
export const prepareRows = async (
  { recipe, text, set, data }: { recipe: string; text: readonly string[]; set: readonly string[]; data: string },
  context: RunContext,
): Promise<void> => {
  const sources = [{ kind: "files", path: text }];
  const settings = [`corpus.sources=${JSON.stringify(sources)}`, "corpus.minCharacters=0", ...set];
  const prepared = await prepare(applySettings(await findRecipe(recipe), settings), data, context);
  const { rowCount, manifest } = prepared.training;
  context.say(
    `${prepared.folder}: ${rowCount} rows of ${manifest.seqLength}, ${(rowCount * manifest.seqLength) / 1e6} M tokens`,
  );
  prepared.close();
  const description: RowsDescription = { recipe, settings };
  await writeFileAtomic(rowsFile(data), `${JSON.stringify(description, null, 2)}\n`);
};
