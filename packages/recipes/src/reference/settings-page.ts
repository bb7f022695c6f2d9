import { crammedBert } from "../catalogue/crammed-bert.ts";
import { defaultText, meaningLines, recipeSettings } from "../recipe/explain.ts";
import { type SettingEntry, wordsFor } from "../recipe/setting-list.ts";

/** The page of all settings, in Markdown: one table for each part of a recipe. */
export const settingsPage = (): string => {
  const all = recipeSettings();
  const sections = all.filter(({ path }) => !path.includes("."));
  const [parts, alone] = [true, false].map((has) =>
    sections.filter(({ path }) => all.some((entry) => entry.path.startsWith(`${path}.`)) === has),
  );
  return [
    "# Settings of a recipe",
    "Made from the schema of a recipe; a test compares them. `cramkit recipes --explain KEY` shows the same in a terminal,",
    "and `recipe.schema.json` gives it to an editor. `[]` stands for an element of a list: `corpus.sources[].path` is",
    "`corpus.sources.0.path` in an error. A recipe that extends another leaves out what it does not change. Without one it",
    "must give every setting that has no default; the last column is what `crammed-bert`, the study's final recipe, says.",
    "Cramming is the study: Geiping and Goldstein, arXiv 2212.14034.",
    "",
    table(alone!),
    ...parts!.flatMap((part) => [
      `\n## ${part.path}\n`,
      `${meaningLines(part).join(" ")}\n`,
      table(all.filter(({ path }) => path.startsWith(`${part.path}.`))),
    ]),
    "",
  ].join("\n");
};

const table = (entries: readonly SettingEntry[]): string =>
  [
    "| setting | meaning | type | unit | default | paper | crammed-bert |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...entries.map((entry) => {
      const { path, types, unit = "", like, papers } = entry;
      const meaning = [...meaningLines(entry), ...(like ? [`Fields: those of \`${like}\`.`] : [])].join("<br>");
      const byDefault = entry.defaults.length > 0 ? code(defaultText(entry)) : "";
      const cells = [`\`${path}\``, meaning, wordsFor(types), unit, byDefault, papers.join("; "), exampleOf(path)];
      return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    }),
  ].join("\n");

const code = (text: string): string => (text.includes("(") ? text : `\`${text}\``);

/** What crammed-bert has there; nothing for lists and for what has fields of its own. */
const exampleOf = (path: string): string => {
  const value = path
    .split(".")
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | null | undefined)?.[key], crammedBert());
  return value === undefined || (typeof value === "object" && value !== null) ? "" : `\`${JSON.stringify(value)}\``;
};
