import { describe, expect, it } from "vitest";
import { inspectBatch, inspectRows } from "./inspect.ts";
import { maskedBatches } from "./masked-batches.ts";
import { rowsInMemory } from "./rows.ts";

const words = ["<pad>", "<mask>", "a", "b", "c", "d"];
const decode = (ids: number[]) => ids.map((id) => words[id]).join(" ");
const source = rowsInMemory(Uint16Array.of(2, 3, 4, 5, 5, 4, 3, 2), { seqLength: 4, vocabSize: 6 });

describe("inspect", () => {
  it("shows rows as text", async () => {
    expect(await inspectRows(source, [1, 0], decode)).toEqual([
      { row: 1, ids: [5, 4, 3, 2], text: "d c b a" },
      { row: 0, ids: [2, 3, 4, 5], text: "a b c d" },
    ]);
  });

  it("shows what a model sees and predicts", async () => {
    const masking = { kind: "exact", rate: 0.5, replacement: "always-mask" } as const;
    for await (const { batch } of maskedBatches(source, { batchSize: 2, maskId: 1, masking }))
      inspectBatch(batch, decode).forEach(({ text, masks }, i) => {
        const restored = text.split(" ");
        expect(masks.length).toBe(2);
        for (const { position, seen, target } of masks) {
          expect(seen).toBe("<mask>");
          expect(restored[position]).toBe("<mask>");
          restored[position] = target;
        }
        expect(restored.join(" ")).toBe(["a b c d", "d c b a"][i]);
      });
  });
});
