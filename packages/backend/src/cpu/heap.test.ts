import { expect, it } from "vitest";
import { Heap } from "./heap.ts";

const pages = (n: number) => n * 65536;

it("cuts a larger freed block where the memory cannot grow any more", () => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 1, maximum: 32 }), pages(1));
  const large = heap.allocate(pages(24));
  heap.free(large, pages(24));
  const parts = [pages(14), pages(8), 1000].map((bytes) => ({ address: heap.allocate(bytes), bytes }));
  expect(parts[0]!.address).toBe(large);
  for (const [i, { address }] of parts.entries()) {
    expect(address % 64).toBe(0);
    const before = parts.slice(0, i).every((one) => address >= one.address + one.bytes || address < one.address);
    expect(before).toBe(true);
  }
  for (const { address, bytes } of parts) heap.free(address, bytes);
  expect(heap.bytesInUse).toBe(0);
  expect(() => heap.allocate(pages(40))).toThrow(/expected room for .* more bytes .* use a smaller batch/);
});
