import { prepare } from "@cramkit/recipes";
import { Command } from "commander";
import { preparedDataOf, type RecipeOptions, resolveRecipe, withRecipe } from "../options/recipe-options.ts";
import { wholeNumber } from "../options/whole-number.ts";
import { tell } from "../terminal/output.ts";
import { session } from "../terminal/session.ts";
import { inspect } from "./inspect.ts";

export const prepareCommand = (): Command =>
  withRecipe(
    new Command("prepare").description("read, clean, tokenize and pack the text of a recipe, without training"),
  )
    .option(
      "--inspect [rows]",
      "show decoded rows, counts per source, and what the filters dropped",
      wholeNumber(1, 1e6),
    )
    .action(async (name: string, options: RecipeOptions & { inspect?: true | number }) => {
      const { recipe, dataFolder } = await resolveRecipe(name, options);
      await session(async (context) => {
        const prepared = await prepare(recipe, dataFolder, { ...context, preparedData: preparedDataOf(options) });
        try {
          const { rowCount, counts } = prepared.training.manifest;
          tell(
            `${prepared.folder}: ${rowCount.toLocaleString("en-US")} training rows from ${counts.documents.toLocaleString("en-US")} documents, ${prepared.heldOut.rowCount.toLocaleString("en-US")} held-out rows`,
          );
          if (options.inspect) await inspect(prepared, options.inspect === true ? 3 : options.inspect);
        } finally {
          prepared.close();
        }
      });
    });
