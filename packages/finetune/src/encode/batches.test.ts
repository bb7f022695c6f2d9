import { expect, it } from "vitest";
import { padded } from "./batches.ts";

it.each([
  [3, 128, 8],
  [9, 128, 16],
  // A model of 12 positions takes no row of 16.
  [9, 12, 12],
  [12, 12, 12],
  [5, 12, 8],
])("pads a row of %d tokens for a model of %d to %d", (tokens, maxLength, expected) => {
  const row = { ids: new Int32Array(tokens).fill(5), typeIds: new Int32Array(tokens) };
  const batch = padded([row], { id: 3, maxLength });
  expect(batch.seqLength).toBe(expected);
  expect(batch.inputIds).toEqual(Int32Array.from({ length: expected }, (_, i) => (i < tokens ? 5 : 3)));
});
