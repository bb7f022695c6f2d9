import { describe, expect, it } from "vitest";
import { checksum, crc32, locateFlippedBit } from "./checksum.ts";

describe("checksum", () => {
  it("is CRC-32", () => {
    expect(checksum(new TextEncoder().encode("123456789"))).toBe("cbf43926"); // the check value of CRC-32/ISO-HDLC
    expect(checksum(new Uint8Array(0))).toBe("00000000");
  });

  it("locates a single flipped bit, and says where it cannot", () => {
    const block = Uint8Array.from({ length: 3000 }, (_, i) => (i * 31) % 251);
    const expected = crc32(block);
    for (const [byte, bit] of [
      [0, 0],
      [0, 7],
      [1234, 3],
      [2999, 7],
    ] as const) {
      const damaged = block.slice();
      damaged[byte]! ^= 1 << bit;
      expect(locateFlippedBit(block.length, expected, crc32(damaged))).toEqual({ byte, bit });
    }
    const damaged = block.slice();
    damaged[5]! ^= 3;
    expect(locateFlippedBit(block.length, expected, crc32(damaged))).toBeUndefined();
  });
});
