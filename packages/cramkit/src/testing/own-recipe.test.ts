import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { startCramkit } from "./command-line.testing.ts";

// From an empty folder to a recipe of one's own, by the command line.
const emptyFolder = () => mkdtempSync(join(tmpdir(), "cramkit-own-"));
const cramkit = (args: string[], cwd: string) => startCramkit(args, { cwd }).ended;

it("writes a recipe of ten lines that can be printed whole, and writes over none", { timeout: 240_000 }, async () => {
  const cwd = emptyFolder();
  const made = await cramkit(["init", "mine.json", "--extends", "crammed-bert"], cwd);
  expect(made).toMatchObject({ code: 0 });
  expect(made.out).toContain("cramkit run mine.json");
  const text = readFileSync(join(cwd, "mine.json"), "utf8");
  const { $schema, ...recipe } = JSON.parse(text);
  expect(recipe).toMatchObject({ extends: "crammed-bert", name: "mine" });
  const schema = JSON.parse(readFileSync(resolve(cwd, $schema), "utf8"));
  expect(schema.properties.training.properties.batchRamp.description).toContain("How long the batch grows");

  const again = await cramkit(["init", "mine.json"], cwd);
  expect(again.code).toBe(1);
  expect(again.error.trim()).toBe(
    "cramkit: mine.json: there is a file of this name already, and it stays; name another file",
  );
  expect(readFileSync(join(cwd, "mine.json"), "utf8")).toBe(text);

  const printed = JSON.parse((await cramkit(["recipes", "mine.json"], cwd)).out);
  expect(printed).toMatchObject({
    name: "mine",
    model: { layers: 16 },
    training: { budget: "1 hour", batchSize: 8192 },
  });
  expect(printed.model).not.toHaveProperty("vocabSize");
  expect(readFileSync(resolve(cwd, printed.$schema), "utf8")).toContain("Cramkit recipe");
});

it("explains a setting, and suggests one for a mistyped name", { timeout: 120_000 }, async () => {
  const cwd = emptyFolder();
  const [known, mistyped] = await Promise.all([
    cramkit(["recipes", "--explain", "training.batchRamp"], cwd),
    cramkit(["recipes", "--explain", "training.batchRmp"], cwd),
  ]);
  expect(known.out).toMatch(/^training\.batchRamp\n {2}How long the batch grows/);
  expect(mistyped).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^cramkit: there is no setting "training\.batchRmp"; available: training\.batchRamp/),
  });
});

it("reads a recipe in TypeScript that is made with defineRecipe", { timeout: 240_000 }, async () => {
  const cwd = emptyFolder();
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(resolve("packages/cramkit"), join(cwd, "node_modules", "cramkit"));
  writeFileSync(
    join(cwd, "mine.ts"),
    `import { defineRecipe } from "cramkit";\nexport default defineRecipe({ extends: "smoke", training: { budget: "3 steps" as string } });\n`,
  );
  const { code, out, error } = await cramkit(["recipes", "mine.ts"], cwd);
  expect(error).toBe("");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ name: "mine", training: { budget: "3 steps" } });
});
