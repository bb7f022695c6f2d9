import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { findRecipe } from "./find-recipe.ts";
import { recipes } from "./recipes.ts";

it("keeps no copy of a recipe in a folder for temporary files, and runs none from there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  vi.stubEnv("TMPDIR", temporary);
  const file = join(folder, "mine.ts");
  writeFileSync(
    file,
    `const made: object = ${JSON.stringify({ ...recipes.smoke(), name: "mine" })};\nexport default made;\n`,
  );
  expect((await findRecipe(file)).name).toBe("mine");
  expect(readdirSync(temporary)).toEqual([]);
  vi.unstubAllEnvs();
});
