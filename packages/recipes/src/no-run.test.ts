import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readRun } from "./run-record.ts";

const root = mkdtempSync(join(tmpdir(), "cramkit-no-run-"));

it.each<[string, string, RegExp]>([
  ["empty", "", /expected a run folder with a recipe\.json, found none; `cramkit run RECIPE --dir .*empty` makes one$/],
  [
    "crammed",
    "model_config.json",
    /got a model without the run that trained it; .*`cramkit evaluate .*crammed --text FILE`/,
  ],
  ["bert", "config.json", /got a model without the run that trained it/],
  ["tuned", "finetune.json", /got that of a finetuning; its report\.html shows what came of it/],
])("says what lies where a run was expected: %s", async (name, file, message) => {
  mkdirSync(join(root, name));
  if (file) writeFileSync(join(root, name, file), "{}");
  await expect(readRun(join(root, name))).rejects.toThrow(message);
  await expect(readRun(join(root, name))).rejects.toMatchObject({ code: "not-found" });
});

it("says that there is nothing, or a file", async () => {
  await expect(readRun(join(root, "gone"))).rejects.toThrow(
    /gone: expected the folder of a run, found nothing there; correct/,
  );
  await expect(readRun(join(root, "bert", "config.json"))).rejects.toThrow(
    /got a file; name the folder that it lies in/,
  );
});
