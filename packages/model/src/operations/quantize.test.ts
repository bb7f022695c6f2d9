import { describe, expect, it } from "vitest";
import { blockSize, fourBitBlocks, integerRows, rowScales, transposedMatrix } from "./quantize.ts";

const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i + 1) * (1 + (i % 7)));

describe("a matrix as integers", () => {
  it.each([
    [3, 5],
    [1, 1],
    [7, 33],
  ])("of 8 bits is within half a step of itself: [%i, %i]", (rows, width) => {
    const matrix = wave(rows * width);
    const [scales, values] = [rowScales(matrix, rows), integerRows(matrix, rows)];
    for (const [i, value] of matrix.entries()) {
      const scale = scales[Math.floor(i / width)]!;
      expect(Math.abs(values[i]! * scale - value)).toBeLessThanOrEqual(0.5001 * scale);
      expect(Math.abs(values[i]!)).toBeLessThanOrEqual(64);
    }
    expect(Math.max(...values.map(Math.abs))).toBe(64);
  });

  it.each([
    [3, 5],
    [2, 32],
    [2, 33],
    [4, 95],
  ])("of 4 bits is within a step of itself, and filled up with zeros: [%i, %i]", (rows, width) => {
    const matrix = wave(rows * width);
    const { values, scales } = fourBitBlocks(matrix, rows);
    const blocks = Math.ceil(width / blockSize);
    expect([values.length, scales.length]).toEqual([(rows * blocks * blockSize) / 2, rows * blocks]);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < blocks * blockSize; column++) {
        const at = row * blocks * blockSize + column;
        const scale = scales[Math.floor(at / blockSize)]!;
        const half = at % 2 === 0 ? values[at >> 1]! & 15 : values[at >> 1]! >> 4;
        const expected = column < width ? matrix[row * width + column]! : 0;
        // The end without a counterpart, +8, is cut to +7.
        expect(Math.abs((half - 8) * scale - expected)).toBeLessThanOrEqual(1.0001 * Math.abs(scale));
      }
    }
  });

  it("of zeros is zeros", () => {
    expect(integerRows(new Float32Array(6), 2)).toEqual(new Int8Array(6));
    expect(fourBitBlocks(new Float32Array(6), 2).values).toEqual(new Uint8Array(32).fill(0x88));
  });

  it("is turned", () => {
    expect(transposedMatrix(Int8Array.of(1, 2, 3, 4, 5, 6), 2)).toEqual(Int8Array.of(1, 4, 2, 5, 3, 6));
  });
});
