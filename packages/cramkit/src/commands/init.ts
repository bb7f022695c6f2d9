import { stat } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { fault } from "@cramkit/errors";
import { makeFolder, writeFileAtomic } from "@cramkit/files";
import { findRecipe } from "@cramkit/recipes";
import { Command } from "commander";
import { schemaReference } from "../options/schema-reference.ts";
import { tell } from "../terminal/output.ts";
import { shellWord } from "../terminal/shell-word.ts";

export const initCommand = (): Command =>
  new Command("init")
    .description("write a small recipe of your own, which extends another")
    .argument("[file]", "file to write; never overwritten", "recipe.json")
    .option("--extends <recipe>", "the recipe that it extends, by its name", "quickstart")
    .action(async (file: string, { extends: base }: { extends: string }) => {
      requireJson(file);
      await requireNew(file);
      const { description } = await findRecipe(base);
      const name = nameFor(file);
      const recipe = {
        $schema: schemaReference(dirname(file)),
        extends: base,
        name,
        description: `my text, by the recipe: ${description}`,
        corpus: { sources: [{ kind: "files", path: "corpus" }] },
        training: { budget: "1 hour" },
      };
      await makeFolder(dirname(file));
      await writeFileAtomic(file, `${JSON.stringify(recipe, null, 2)}\n`);
      tell(
        [
          `${file}: extends ${base}; put your text into the folder corpus, or name another`,
          "next:",
          `  cramkit run ${shellWord(file)}`,
          "  cramkit recipes --explain training   (what can be set, and what it means)",
        ].join("\n"),
      );
    });

/** A module would have to find the packages that it imports: it is written by hand. */
const requireJson = (file: string): void => {
  if (extname(file) === ".json") return;
  throw fault({
    code: "invalid-input",
    place: file,
    problem: "expected a name that ends in .json",
    remedy: "add that",
    type: RangeError,
  });
};

const requireNew = async (file: string): Promise<void> => {
  if (!(await stat(file).catch(() => undefined))) return;
  throw fault({
    code: "exists",
    place: file,
    problem: "there is a file of this name already, and it stays",
    remedy: "name another file",
  });
};

const nameFor = (file: string): string =>
  basename(file, ".json")
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "") || "recipe";
