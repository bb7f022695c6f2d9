import { expect, it } from "vitest";
import { truncateRows, unfoldRows } from "./cut-rows.ts";

const batch = {
  batchSize: 2,
  seqLength: 4,
  inputIds: Int32Array.of(10, 11, 12, 13, 20, 21, 22, 23),
  positions: Int32Array.of(1, 3, 4, 6),
  targets: Int32Array.of(91, 93, 94, 96),
};

it("reads rows as more and shorter ones", () => {
  expect(unfoldRows(batch, 2)).toEqual({ ...batch, batchSize: 4, seqLength: 2 });
});

it("keeps the beginnings of rows, with the targets in them at their new places", () => {
  expect(truncateRows(batch, 2)).toEqual({
    batchSize: 2,
    seqLength: 2,
    inputIds: Int32Array.of(10, 11, 20, 21),
    positions: Int32Array.of(1, 2),
    targets: Int32Array.of(91, 94),
  });
  expect(truncateRows(batch, 3)).toMatchObject({
    inputIds: Int32Array.of(10, 11, 12, 20, 21, 22),
    positions: Int32Array.of(1, 3, 5),
    targets: Int32Array.of(91, 94, 96),
  });
  expect(truncateRows(batch, 4)).toBe(batch);
});

it("leaves a batch alone that would have no target", () => {
  const late = { ...batch, positions: Int32Array.of(3, 7), targets: Int32Array.of(1, 2) };
  expect(truncateRows(late, 2)).toBe(late);
});
