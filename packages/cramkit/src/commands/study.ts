import { applySettings, findRecipe, studyNames, studySweep } from "@cramkit/recipes";
import { Argument, Command, InvalidArgumentError } from "commander";
import { finetuned, recipeSettings, type SweepCommandOptions, seeded, withSweep } from "../options/sweep-options.ts";
import { print } from "../terminal/output.ts";
import { doSweep } from "./sweep.ts";

interface StudyOptions extends SweepCommandOptions {
  readonly recipe: string;
  /** @defaultValue the size of the recipe */
  readonly model?: string[];
  /** @defaultValue the sweep is run */
  readonly print?: true;
}

export const studyCommand = (): Command =>
  withSweep(
    new Command("study")
      .description("repeat a figure or a table of the study, at its scale or at any other")
      .addArgument(new Argument("<comparison>", "what to repeat").choices(studyNames))
      .option("--recipe <recipe>", "the recipe that all sizes are in proportion to: a name or a file", "crammed-bert")
      .option("--model <fields>", "size of its model, such as layers=4,hidden=256", modelSettings)
      .option("--print", "print the sweep as JSON, as a start for one of your own"),
  ).action(async (name: (typeof studyNames)[number], options: StudyOptions) => {
    const { recipe, model = [], budget, set, print: prints, ...rest } = options;
    const asked = [...model, ...recipeSettings({ budget, set })];
    const base = applySettings(await findRecipe(recipe), asked);
    const sweep = finetuned(studySweep(name, base), options);
    if (prints) return print(JSON.stringify(seeded(sweep, base.corpus.seed ?? base.seed, options.seeds), null, 2));
    await doSweep(sweep, rest);
  });

/** Width of a head, as in the study. */
const headSize = 64;

/** Fields of a model as settings; heads and feed-forward follow from a width if they are not said. */
const modelSettings = (text: string): string[] => {
  const fields = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, field, value] = /^\s*(\w+)=(.+?)\s*$/.exec(part) ?? [];
    if (field === undefined || value === undefined)
      throw new InvalidArgumentError("expected fields of a model with commas between, as in layers=4,hidden=256");
    fields.set(field, value);
  }
  const hidden = Number(fields.get("hidden"));
  if (hidden > 0) {
    if (!fields.has("heads")) fields.set("heads", String(Math.max(1, Math.round(hidden / headSize))));
    if (!fields.has("intermediate")) fields.set("intermediate", String(4 * hidden));
  }
  return [...fields].map(([field, value]) => `model.${field}=${value}`);
};
