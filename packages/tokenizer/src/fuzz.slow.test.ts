import { test } from "vitest";
import { trainTokenizer } from "./index.ts";
import { kinds } from "./testing/cases.testing.ts";
import { fuzzJson } from "./testing/fuzz-json.testing.ts";
import { sampleText } from "./testing/sample.testing.ts";

/** Thirty minutes unless said otherwise. */
const minutes = Number(process.env.CRAMKIT_FUZZ_MINUTES ?? 30);
const firstSeed = Number(process.env.CRAMKIT_FUZZ_SEED ?? 1);

test(
  "a tokenizer.json that is changed anywhere is refused or works, and ends",
  async () => {
    const documents = await Promise.all(
      Object.values(kinds).map(async (options) =>
        (await trainTokenizer(sampleText(20).split("\n"), { ...options, size: "trained" })).toJSON(),
      ),
    );
    const end = Date.now() + minutes * 60_000;
    let runs = 0;
    let taken = 0;
    for (let seed = firstSeed; Date.now() < end; seed++) {
      taken += fuzzJson(documents, { numRuns: 1000, seed });
      runs += 1000;
    }
    console.log(`${runs} documents in ${minutes} minutes from seed ${firstSeed}, ${taken} of them taken, no finding`);
  },
  (minutes + 10) * 60_000,
);
