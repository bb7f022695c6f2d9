import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { findRecipe } from "./find-recipe.ts";
import { recipes } from "./recipes.ts";

it("says of a module without a default export what to write, and of JSON that is none that it is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  for (const name of ["a.ts", "a.js", "a.mjs"]) {
    writeFileSync(join(folder, name), "export const mine = { extends: 'smoke' };\n");
    await expect(findRecipe(join(folder, name))).rejects.toThrow(
      /a\..*: expected a module whose default export is a recipe, got one that exports mine; write `export default`/,
    );
  }
  writeFileSync(join(folder, "a.cjs"), "module.exports = { extends: 'smoke' };\n");
  expect((await findRecipe(join(folder, "a.cjs"))).name).toBe("a");
  writeFileSync(join(folder, "a.json"), '{"extends": "smoke",}');
  await expect(findRecipe(join(folder, "a.json"))).rejects.toThrow(/expected JSON, got 21 characters that are not: /);
});

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
