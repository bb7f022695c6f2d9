import { fault } from "@cramkit/errors";
import { nearest } from "./nearest.ts";
import { recipeSchema } from "./recipe.ts";
import { annotatedSchema, listSettings, plainPath, type SettingEntry, wordsFor } from "./setting-list.ts";

/** Every setting of a recipe. */
export const recipeSettings = (): SettingEntry[] => listSettings(annotatedSchema(recipeSchema()));

/**
 * What a setting means: its type, unit, default and paper, and the settings below it. Elements of lists may be left out of
 * its path, or numbered.
 *
 * @throws a fault `invalid-argument` for a setting that there is not, with those near it
 */
export const explainSetting = (path: string): string => {
  const all = recipeSettings();
  const wanted = plainPath(path);
  const entry = all.find((one) => plainPath(one.path) === wanted);
  if (!entry) {
    const near = nearest(
      path,
      all.map((one) => one.path),
    ).slice(0, 5);
    throw fault({
      code: "invalid-argument",
      problem: `there is no setting "${path}"`,
      remedy: near.length < 5 ? `available: ${near.join(", ")}` : "`cramkit recipes --explain` lists them all",
      type: RangeError,
    });
  }
  const below = all.filter((one) => plainPath(one.path).startsWith(`${wanted}.`));
  return [describe(entry), ...(below.length > 0 ? ["", listed(below)] : [])].join("\n");
};

/** All settings in a line each. */
export const listedSettings = (): string => listed(recipeSettings());

const listed = (entries: readonly SettingEntry[]): string => {
  const width = Math.max(...entries.map(({ path }) => path.length));
  return entries.map((entry) => `${entry.path.padEnd(width)}  ${firstMeaning(entry)}`).join("\n");
};

const firstMeaning = ({ meanings, types }: SettingEntry): string =>
  meanings.length === 1 ? meanings[0]!.meaning : `One of ${wordsFor(types)}.`;

const describe = (entry: SettingEntry): string => {
  const rows: [string, string | undefined][] = [
    ["type", wordsFor(entry.types)],
    ["unit", entry.unit],
    ["default", defaultText(entry)],
    ["fields", entry.like && `those of ${entry.like}`],
    ["paper", entry.papers.join("; ") || undefined],
  ];
  return [
    entry.path,
    ...meaningLines(entry).map((line) => `  ${line}`),
    ...rows.flatMap(([name, text]) => (text === undefined ? [] : `  ${name.padEnd(8)} ${text}`)),
  ].join("\n");
};

/** What a setting means, by kinds if they differ. */
export const meaningLines = ({ meanings }: SettingEntry): string[] =>
  meanings.length === 1
    ? [meanings[0]!.meaning]
    : meanings.map(({ meaning, kind }) => (kind === undefined ? meaning : `${kind}: ${meaning}`));

/** What holds if a setting is left out; by kinds if they differ. */
export const defaultText = ({ defaults }: SettingEntry): string => {
  if (defaults.length === 0) return "none: a recipe says it, or the one that it extends";
  const byValue = new Map<string, (string | undefined)[]>();
  for (const { value, kind } of defaults) {
    const text = JSON.stringify(value);
    byValue.set(text, [...(byValue.get(text) ?? []), kind]);
  }
  if (byValue.size === 1) return [...byValue.keys()][0]!;
  return [...byValue].map(([text, kinds]) => `${text} (${kinds.join(", ")})`).join("; ");
};
