import { expect, test } from "vitest";
import { trainTokenizer } from "./index.ts";
import { kinds } from "./testing/cases.testing.ts";
import { fuzzJson } from "./testing/fuzz-json.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

test("a tokenizer.json that is changed anywhere is refused or works, and ends", async () => {
  const documents = await Promise.all(
    Object.values(kinds).map(async (options) =>
      (await trainTokenizer(sampleText(20).split("\n"), { ...options, size: "trained" })).toJSON(),
    ),
  );
  expect(fuzzJson(documents, { numRuns: 1500, seed: 7 })).toBeGreaterThan(50);
});
