import { rowsInMemory } from "@cramkit/packer";
import { expect, it } from "vitest";
import { recipes } from "../catalogue/recipes.ts";
import { novelsTokenizer } from "../prepare/novels-tokenizer.ts";
import { applySettings } from "../recipe/settings.ts";
import { trainingBatches } from "./batches.ts";

it("goes through the rows from the last to the first where the recipe says so", { timeout: 60_000 }, async () => {
  const tokenizer = await novelsTokenizer();
  const rows = Int32Array.from({ length: 5 * 8 }, (_, i) => 100 + Math.floor(i / 8));
  const training = rowsInMemory(rows, { seqLength: 8, vocabSize: tokenizer.idLimit, key: "k" });
  const order = async (settings: string[]) => {
    const recipe = applySettings(recipes.smoke(), settings);
    const seen: number[] = [];
    for await (const { batch } of trainingBatches(
      recipe,
      { training: training as never, tokenizer },
      { batchSize: 1 },
    )) {
      const values = [...batch.inputIds];
      seen.push([100, 101, 102, 103, 104].find((id) => values.filter((value) => value === id).length > 3)!);
      if (seen.length === 6) break;
    }
    return seen;
  };
  expect(await order([])).toEqual([100, 101, 102, 103, 104, 100]);
  expect(await order(["training.reverseRows=true"])).toEqual([104, 103, 102, 101, 100, 104]);
});
