import { explainSetting, findRecipe, listedSettings, recipes } from "@cramkit/recipes";
import { Command } from "commander";
import { schemaReference } from "../options/schema-reference.ts";
import { print } from "../terminal/output.ts";

export const recipesCommand = (): Command =>
  new Command("recipes")
    .description("list the recipes, print one as JSON, or explain settings")
    .argument("[recipe]", "name of a recipe, or a file: printed complete")
    .option(
      "--explain [setting]",
      "what a setting means, or all below it, as in training.batchRamp; all without a name",
    )
    .action(async (name: string | undefined, { explain }: { explain?: true | string }) => {
      if (explain !== undefined) return print(explain === true ? listedSettings() : explainSetting(explain));
      if (name !== undefined) {
        const recipe = { $schema: schemaReference("."), ...(await findRecipe(name)) };
        return print(JSON.stringify(recipe, null, 2));
      }
      const width = Math.max(...Object.keys(recipes).map((key) => key.length));
      for (const [key, make] of Object.entries(recipes)) print(`${key.padEnd(width)}  ${make().description}`);
    });
