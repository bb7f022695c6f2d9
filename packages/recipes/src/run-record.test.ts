import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { crammedBert } from "./catalogue/crammed-bert.ts";
import { readRun } from "./run-record.ts";

it("names the file of a recipe of another version once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cramkit-"));
  const { seed: _, ...old } = crammedBert();
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(old));
  await expect(readRun(folder)).rejects.toMatchObject({
    code: "version-mismatch",
    place: join(folder, "recipe.json"),
    problem: "seed: expected number, got nothing",
  });
});
