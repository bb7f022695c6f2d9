import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PackPosition, packRows, packStart } from "./pack-rows.ts";

const options = { seqLength: 4, vocabSize: 100, separatorId: 1, rowsPerBlock: 3 };

const pack = async (documents: ArrayLike<number>[], more: Partial<Parameters<typeof packRows>[1]> = {}) => {
  const rows: number[] = [];
  const positions: { at: number; next: PackPosition }[] = [];
  const packing = packRows(documents, { ...options, ...more });
  for (;;) {
    const step = await packing.next();
    if (step.done) return { rows, positions, end: step.value };
    rows.push(...step.value.tokens);
    positions.push({ at: rows.length, next: step.value.next });
  }
};

const documentsArbitrary = fc.array(fc.array(fc.integer({ min: 2, max: 99 }), { maxLength: 40 }), { maxLength: 12 });

describe("packRows", () => {
  it("joins documents with start and separator, and cuts", async () => {
    const { rows, end } = await pack([[5, 6, 7], [], Uint16Array.of(8), [9, 10]], { startId: 0 });
    expect(rows).toEqual([0, 5, 6, 7, 1, 0, 8, 1, 0, 9, 10, 1]);
    expect(end).toEqual({ documents: 4, emptyDocuments: 1, droppedTokens: 0 });
  });

  it("equals joining everything at once, and continues from any of its positions", async () => {
    await fc.assert(
      fc.asyncProperty(documentsArbitrary, fc.integer({ min: 1, max: 4 }), async (documents, rowsPerBlock) => {
        const all = documents.flatMap((document) => (document.length > 0 ? [...document, 1] : []));
        const { rows, positions, end } = await pack(documents, { rowsPerBlock });
        expect(rows).toEqual(all.slice(0, all.length - (all.length % 4)));
        expect(end.droppedTokens).toBe(all.length % 4);
        for (const { at, next } of positions) {
          expect(next.tokens).toBe(at);
          const rest = await pack(documents.slice(next.documents), { rowsPerBlock, from: next });
          expect(rest.rows).toEqual(rows.slice(at));
          expect(rest.end.documents).toBe(end.documents);
          expect(rest.end.emptyDocuments).toBe(end.emptyDocuments);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("takes two bytes a token up to 65,536 entries and four above", async () => {
    const width = async (vocabSize: number) => {
      const step = await packRows([[1, 2, 3]], { seqLength: 2, vocabSize }).next();
      return step.done ? 0 : step.value.tokens.BYTES_PER_ELEMENT;
    };
    expect(await width(65_536)).toBe(2);
    expect(await width(65_537)).toBe(4);
  });

  it("names the document and token of a wrong id", async () => {
    for (const id of [100, -1, 1.5, Number.NaN])
      await expect(
        pack([
          [2, 3],
          [4, id],
        ]),
      ).rejects.toThrow(`got ${id} at token 1 of document 1`);
  });

  it("notices documents that changed since an interruption", async () => {
    const from = { ...packStart, documents: 3, offset: 8 };
    await expect(pack([[2, 3]], { from })).rejects.toThrow("document 3");
    await expect(pack([], { from })).rejects.toThrow("document 3");
  });

  it("refuses options that cannot be met", async () => {
    await expect(pack([], { seqLength: 0 })).rejects.toThrow("seqLength");
    await expect(pack([], { separatorId: 100 })).rejects.toThrow("separatorId");
    await expect(pack([], { vocabSize: 1.5 })).rejects.toThrow("vocabSize");
  });
});
