import { describe, expect, it } from "vitest";
import { splitDocuments } from "./split-documents.ts";

async function* documents(count: number) {
  for (let i = 0; i < count; i++) yield [i];
}

const collect = async (items: AsyncIterable<ArrayLike<number>>): Promise<number[]> => {
  const list: number[] = [];
  for await (const item of items) list.push(item[0]!);
  return list;
};

describe("splitDocuments", () => {
  it("parts a stream", async () => {
    const { kept, heldOut } = splitDocuments(documents(10), (index) => index % 4 === 3);
    expect(await collect(kept)).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
    expect(await collect(heldOut)).toEqual([3, 7]);
  });

  it("finds all held-out documents when the others are not wanted or left early", async () => {
    const unread = splitDocuments(documents(10), (_, tokens) => tokens[0]! > 6);
    expect(await collect(unread.heldOut)).toEqual([7, 8, 9]);
    const left = splitDocuments(documents(10), (index) => index % 4 === 3);
    for await (const document of left.kept) if (document[0] === 5) break;
    expect(await collect(left.heldOut)).toEqual([3, 7]);
  });
});
