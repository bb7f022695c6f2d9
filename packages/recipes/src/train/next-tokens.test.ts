import { expect, it } from "vitest";
import { nextTokens } from "./next-tokens.ts";

it("takes the masks off and asks for every next token of a row", () => {
  const batch = {
    batchSize: 2,
    seqLength: 4,
    inputIds: Int32Array.of(5, 99, 7, 8, 99, 10, 11, 3),
    positions: Int32Array.of(1, 4, 7),
    targets: Int32Array.of(6, 9, 12),
  };
  expect(nextTokens(batch)).toEqual({
    ...{ batchSize: 2, seqLength: 4, inputIds: Int32Array.of(5, 6, 7, 8, 9, 10, 11, 12) },
    positions: Int32Array.of(0, 1, 2, 4, 5, 6),
    targets: Int32Array.of(6, 7, 8, 10, 11, 12),
  });
  expect(batch.inputIds[1]).toBe(99);
});
