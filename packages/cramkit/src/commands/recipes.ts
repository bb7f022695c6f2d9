import { findRecipe, recipes } from "@cramkit/recipes";
import { Command } from "commander";
import { print } from "../terminal/output.ts";

export const recipesCommand = (): Command =>
  new Command("recipes")
    .description("list the recipes, or print one as JSON as a starting point for your own")
    .argument("[recipe]", "name of a recipe")
    .action(async (name?: string) => {
      if (name !== undefined) {
        return print(JSON.stringify(await findRecipe(name), null, 2));
      }
      const width = Math.max(...Object.keys(recipes).map((key) => key.length));
      for (const [key, make] of Object.entries(recipes)) print(`${key.padEnd(width)}  ${make().description}`);
    });
