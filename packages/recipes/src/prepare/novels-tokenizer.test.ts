import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { applySettings } from "../recipe/settings.ts";
import { compressionTokenizerOf, novelsTokenizer, novelsTokenizerName } from "./novels-tokenizer.ts";

it("is the same tokenizer on every machine", { timeout: 120_000 }, async () => {
  const tokenizer = await novelsTokenizer();
  const digest = createHash("sha256").update(JSON.stringify(tokenizer)).digest("hex");
  expect(novelsTokenizerName()).toBe("16384 entries from novels 0312f759bab2");
  expect(digest).toBe("146a444d17e2a625f4d7caef8a3e00597c23c3880c00d7664ef1e95f30f82954");
});

it("measures English alone: other text by the run's own tokenizer", () => {
  const english = recipes["crammed-bert"]();
  expect(compressionTokenizerOf(english)).toBe("novels");
  for (const setting of ["tokenizer.text=multilingual", "tokenizer.text=cased", "tokenizer.asciiOnly=false"])
    expect(compressionTokenizerOf(applySettings(english, [setting]))).toBeNull();
  const own = applySettings(english, ["corpus.compressionTokenizer=albert.json", "tokenizer.text=cased"]);
  expect(compressionTokenizerOf(own)).toBe("albert.json");
});
