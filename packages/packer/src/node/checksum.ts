import * as zlib from "node:zlib";

/** CRC-32 (polynomial 0xedb88320) of `bytes`. */
export const crc32 = (bytes: Uint8Array): number => {
  // Node has had this since 20.15; @types/node of 20 does not know it.
  return (zlib as unknown as { crc32(data: Uint8Array): number }).crc32(bytes);
};

/** A checksum as the manifest holds it: eight hexadecimal digits. */
export const checksum = (bytes: Uint8Array): string => {
  return crc32(bytes).toString(16).padStart(8, "0");
};

/**
 * If one flipped bit would explain a wrong CRC-32: its byte and bit in a block of `length` bytes, or undefined if
 * more than one bit differs. CRC-32 is linear, so the difference of two checksums depends on the difference of the data
 * only, and all single bits of a block differ in theirs.
 */
export const locateFlippedBit = (
  length: number,
  expected: number,
  actual: number,
): { byte: number; bit: number } | undefined => {
  const difference = (expected ^ actual) >>> 0;
  // The difference that bit 7 of the last byte makes is the polynomial; each bit further from the end is one more step.
  let syndrome = 1;
  for (let byte = length - 1; byte >= 0; byte--) {
    for (let bit = 7; bit >= 0; bit--) {
      syndrome = syndrome & 1 ? (syndrome >>> 1) ^ 0xedb88320 : syndrome >>> 1;
      if (syndrome >>> 0 === difference) return { byte, bit };
    }
  }
  return undefined;
};
