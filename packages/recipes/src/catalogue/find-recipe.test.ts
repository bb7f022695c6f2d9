import { execFileSync } from "node:child_process";
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

it("takes a recipe with a byte order mark, and refuses one in another encoding, or with a setting twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  const file = join(folder, "a.json");
  const written = (content: string | Buffer) => {
    writeFileSync(file, content);
    return findRecipe(file);
  };
  expect((await written('\ufeff{"extends": "smoke"}')).name).toBe("a");
  await expect(written(Buffer.from('\ufeff{"extends": "smoke"}', "utf16le"))).rejects.toThrow(/a\.json: .*got UTF-16/);
  await expect(written('{\n"extends": "smoke",\n"seed": 1,\n"seed": 2}')).rejects.toThrow(
    /a\.json, line 4: expected each setting once, got "seed" twice in the same place; leave one out$/,
  );
  await expect(written('{"extends": "smoke", "seed": 1e400}')).rejects.toThrow("seed: expected number, got Infinity");
  for (const source of ['{ "kind": "files", "path": "\\u0000" }', '{ "kind": "files", "path": [""] }'])
    await expect(written(`{"extends": "smoke", "corpus": {"sources": [${source}]}}`)).rejects.toThrow(
      /a\.json: corpus\.sources\.0\.path.*: expected .*a path/,
    );
  await expect(written(`{"extends": "smoke", "name": "${"a".repeat(101)}"}`)).rejects.toThrow(
    "at most 100 small letters",
  );
  writeFileSync(join(folder, `${"b".repeat(200)}.json`), '{"extends": "smoke"}');
  expect((await findRecipe(join(folder, `${"b".repeat(200)}.json`))).name).toBe("b".repeat(100));
});

it.skipIf(process.platform === "win32")("names a folder and a pipe, and waits for neither", async () => {
  const folder = mkdtempSync(join(tmpdir(), "recipe-"));
  for (const name of ["a.json", "a.ts"]) {
    mkdirSync(join(folder, name));
    execFileSync("mkfifo", [join(folder, `pipe-${name}`)]);
    await expect(findRecipe(join(folder, name))).rejects.toThrow(new RegExp(`${name}: expected a file, got a folder`));
    await expect(findRecipe(join(folder, `pipe-${name}`))).rejects.toThrow(/expected a file, got a pipe/);
  }
});

it("does not advise a recipe that extends another to extend one", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "recipe-")), "a.json");
  writeFileSync(file, '{"extends": "smoke", "corpus": {"sources": [{"kind": "hub"}]}}');
  const error = await findRecipe(file).catch((failure) => failure);
  expect(error.message).toMatch(/corpus\.sources\.0\.uri: expected string, got nothing/);
  expect(error.message).not.toContain("extends");
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
