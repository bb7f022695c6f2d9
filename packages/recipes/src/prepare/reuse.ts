import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fault } from "@cramkit/errors";
import { requireSources } from "./corpus.ts";
import { setNames } from "./prepared-folder.ts";
import { localFilesOf, sourceChanges } from "./source-files.ts";
import type { PreparationOptions } from "./texts-and-tokenizer.ts";

/** Changes that an error lists; the rest is counted. */
const listedChanges = 3;

/**
 * Decides over what lies in a folder of prepared data: finished rows of text that has not changed are used again, which
 * is said; of text that has changed only if `preparedData` says "reuse". "fresh" removes what there is. What was
 * begun with other text is begun anew.
 *
 * @throws a fault `invalid-input` if the text has changed and nobody said what to do
 */
export const reuseOrRemove = async (
  isFinished: boolean,
  { recipe, folder, context, hub }: PreparationOptions,
): Promise<void> => {
  const { preparedData, say } = context;
  if (preparedData === "fresh") {
    // Rows of text that is gone are not removed: they could not be made again.
    await requireSources(recipe);
    await localFilesOf(recipe);
    await removePrepared(folder);
    if (isFinished) say(`${folder}: removed what was prepared before, as --fresh asks for`);
    return;
  }
  const found = await sourceChanges(recipe, folder, hub);
  const changes = found?.changes ?? [];
  if (!isFinished) {
    if (changes.length === 0) return;
    await removePrepared(folder);
    say(`the text has changed since it was begun to be prepared (${listed(changes)}): preparing it from the beginning`);
    return;
  }
  const { mtimeMs } = await stat(join(folder, setNames.training, "manifest.json"));
  if (changes.length > 0 && preparedData !== "reuse") {
    throw fault({
      code: "invalid-input",
      place: folder,
      problem: `the text has changed since its rows were prepared ${ago(mtimeMs)}: ${listed(changes)}`,
      remedy: "prepare it again with --fresh, or train on the rows of before with --reuse",
    });
  }
  const but = found?.gone
    ? `, for the text is gone (${found.gone}) and cannot be read again`
    : changes.length > 0
      ? `, though the text has changed since: ${listed(changes)}`
      : found?.isUnasked
        ? "; the hub could not be asked whether its dataset has changed"
        : "";
  say(`${folder}: rows of ${ago(mtimeMs)} reused${but}`);
};

const removePrepared = async (folder: string): Promise<void> => {
  for (const name of [...Object.values(setNames), "work", "tokenizer.json", "held-out-texts.json", "sources.json"])
    await rm(join(folder, name), { recursive: true, force: true });
};

const listed = (changes: readonly string[]): string => {
  const more = changes.length > listedChanges ? ` and ${changes.length - listedChanges} more` : "";
  return `${changes.slice(0, listedChanges).join(", ")}${more}`;
};

/** How long ago a time was, in the largest unit of which there is more than one. */
const ago = (time: number): string => {
  const seconds = Math.max(0, (Date.now() - time) / 1000);
  for (const [unit, length] of [
    ["days", 86_400],
    ["hours", 3600],
    ["minutes", 60],
  ] as const)
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)} ${unit} ago`;
  return `${Math.floor(seconds)} seconds ago`;
};
