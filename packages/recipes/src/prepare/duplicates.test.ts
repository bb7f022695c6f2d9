import { expect, it } from "vitest";
import { documents, prepared, setUp } from "../testing/prepared.testing.ts";

it("drops near-duplicates, and all copies of repeated text, where the recipe says so", async () => {
  const near = documents.slice(0, 20).map((text) => `${text} And more.`);
  const nearDuplicates = { words: 5, bands: 14, rows: 8 };
  const { recipe, data } = setUp({ exactDuplicates: false, shuffle: false, nearDuplicates }, [...documents, ...near]);
  const { report } = await prepared(recipe, data);
  expect(report.filters[0]!.filter).toBe("near-duplicates by 14 bands of 8 hashes of 5 words");
  expect(report.filters[0]!.dropped.documents).toBeGreaterThanOrEqual(20);
  const repeated = setUp({ exactDuplicates: false, duplicateBytes: 75, duplicateCopies: "none" }, [
    ...documents,
    ...documents.slice(0, 20),
  ]);
  const none = await prepared(repeated.recipe, repeated.data);
  expect(none.report.filters[0]!.filter).toBe("repeated substrings of 75 bytes or more, all copies");
  expect(none.report.filters[0]!.dropped.documents).toBeGreaterThanOrEqual(40);
});

it("measures compressibility by the tokenizer of the novels, and names it", { timeout: 60_000 }, async () => {
  const { recipe, data } = setUp({ maxTokensPerCharacter: 0.6, compressionTokenizer: "novels" }, [
    ...documents,
    "qjx zvk ".repeat(20),
  ]);
  const { report } = await prepared(recipe, data);
  expect(report.filters.at(-1)).toMatchObject({
    filter: "compressibility below 0.6 tokens a character (16384 entries from novels 0312f759bab2)",
    dropped: { documents: 1 },
  });
});
