import { recipes } from "@cramkit/recipes";
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { type RecipeOptions, resolveRecipe, withRecipe } from "./recipe-options.ts";

/** The recipe that a command line makes, and its folder. */
const resolved = async (...args: string[]) => {
  const command = withRecipe(new Command("run"))
    .exitOverride()
    .configureOutput({ writeErr() {} });
  let made: Awaited<ReturnType<typeof resolveRecipe>> | undefined;
  command.action(async (name: string, options: RecipeOptions) => void (made = await resolveRecipe(name, options)));
  await command.parseAsync(args, { from: "user" });
  return made!;
};

describe("the text of a run", () => {
  it("is a file, several, or a dataset of the hub, read as the options say", async () => {
    const { recipe, folder } = await resolved(
      "quickstart",
      "--text",
      "my notes.csv",
      "--field",
      "body",
      "--delimiter",
      "tab",
    );
    expect(recipe.corpus.sources).toEqual([{ kind: "files", path: "my notes.csv", field: "body", delimiter: "\t" }]);
    expect(folder).toMatch(/runs.quickstart-my-notes$/);
    expect(recipe.description).toContain("my notes.csv");
    const both = await resolved(
      "quickstart",
      "--text",
      "a.txt",
      "--text",
      "b",
      "--text",
      "hf://OWNER/name",
      "--unit",
      "line",
    );
    expect(both.recipe.corpus.sources).toEqual([
      { kind: "files", path: ["a.txt", "b"], unit: "line" },
      { kind: "hub", uri: "hf://datasets/OWNER/name", unit: "line" },
    ]);
  });

  it("has each setting that a message of a reader names as an option", async () => {
    const { recipe } = await resolved(
      ...["quickstart", "--text", "t", "--field", "3", "--format", "csv", "--quote", "false", "--escape", "\\"],
      ...["--encoding", "latin1", "--include", "*.csv", "--exclude", "b*", "--exclude", "c*"],
    );
    expect(recipe.corpus.sources).toEqual([
      {
        ...{ kind: "files", path: "t", field: 3, format: "csv", quote: false, escape: "\\" },
        ...{ encoding: "latin1", include: ["*.csv"], exclude: ["b*", "c*"] },
      },
    ]);
  });

  it("is the recipe's own without --text, read as the options say", async () => {
    const { recipe, folder } = await resolved("crammed-bert", "--encoding", "latin1");
    expect(recipe.corpus.sources).toEqual([{ kind: "files", path: "corpus", encoding: "latin1" }]);
    expect(folder).toMatch(/crammed-bert$/);
    await expect(resolved("quickstart", "--encoding", "latin1")).rejects.toThrow(
      /^--encoding: .*name yours with --text$/,
    );
  });

  it("comes with a backend and a budget, below the settings", async () => {
    const { recipe } = await resolved("quickstart", "--backend", "webgpu", "--budget", "2 hours", "--set", "seed=7");
    expect(recipe).toMatchObject({ seed: 7, backend: { name: "webgpu" }, training: { budget: "2 hours" } });
    expect((await resolved("quickstart")).recipe).toEqual(recipes.quickstart());
    await expect(resolved("quickstart", "--budget", "2 apples")).rejects.toThrow(/^--budget: .*got "2 apples"/);
    await expect(resolved("quickstart", "--delimiter", "ab")).rejects.toThrow(/one character/);
  });
});
