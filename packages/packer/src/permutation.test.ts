import { describe, expect, it } from "vitest";
import { permutation } from "./permutation.ts";

describe("permutation", () => {
  it("visits every index once, for any size", () => {
    for (const size of [...Array.from({ length: 130 }, (_, i) => i + 1), 1023, 1024, 1025, 65_537]) {
      const permute = permutation(size, 11, 3);
      const seen = new Uint8Array(size);
      for (let i = 0; i < size; i++) seen[permute(i)]!++;
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  it("stays inside of sizes beyond 2^32", () => {
    const size = 2 ** 33 + 12345;
    const permute = permutation(size, 1, 0);
    const images = new Set([0, 1, 2, 2 ** 32, 2 ** 33, size - 1].map(permute));
    expect(images.size).toBe(6);
    for (const image of images) expect(image >= 0 && image < size && Number.isInteger(image)).toBe(true);
  });

  it("is another order for another seed and epoch, and leaves few indices in place", () => {
    const size = 1000;
    const orders = [
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ].map(([seed, epoch]) => Array.from({ length: size }, (_, i) => permutation(size, seed!, epoch!)(i)));
    expect(new Set(orders.map(String)).size).toBe(4);
    for (const order of orders) {
      expect(order.filter((image, i) => image === i).length).toBeLessThan(10);
      // Neighbours do not stay neighbours.
      expect(order.filter((image, i) => i > 0 && Math.abs(image - order[i - 1]!) === 1).length).toBeLessThan(12);
    }
  });
});
