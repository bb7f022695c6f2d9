/**
 * Matrices `[rows, width]` as integers. Each row, which is a channel of the output, has a scale of its own.
 *
 * Integers of 8 bits stay within 64: a processor without VNNI adds two products of an unsigned and a signed byte in 16 bits, and
 * 2 * 255 * 64 is the most that fits. Beyond that it would saturate, silently.
 */
const largest = 64;

/** `[rows]`: row = scale * integers. */
export const rowScales = (matrix: Float32Array, rows: number): Float32Array => {
  const width = matrix.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => {
    let most = 0;
    for (let i = row * width; i < (row + 1) * width; i++) most = Math.max(most, Math.abs(matrix[i]!));
    return most === 0 ? 1 : most / largest;
  });
};

/** `[rows, width]` */
export const integerRows = (matrix: Float32Array, rows: number): Int8Array => {
  const width = matrix.length / rows;
  const scales = rowScales(matrix, rows);
  return Int8Array.from(matrix, (value, i) => Math.round(value / scales[Math.floor(i / width)]!));
};

/** `[rows, width]` -> `[width, rows]` */
export const transposedMatrix = <Data extends Float32Array | Int8Array>(matrix: Data, rows: number): Data => {
  const width = matrix.length / rows;
  const out = new (matrix.constructor as new (length: number) => Data)(matrix.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++) out[column * rows + row] = matrix[row * width + column]!;
  return out;
};

/** Values of a row that share a scale. */
export const blockSize = 32;

export interface FourBitBlocks {
  /** `[rows, blocks, blockSize / 2]`, the first of two values in the low half of a byte: value = (half - 8) * scale. */
  values: Uint8Array;
  /** `[rows * blocks]` */
  scales: Float32Array;
}

/** A matrix in blocks of 4-bit integers, as MatMulNBits of onnxruntime reads it; the last block of a row is filled up with zeros. */
export const fourBitBlocks = (matrix: Float32Array, rows: number): FourBitBlocks => {
  const width = matrix.length / rows;
  const blocks = Math.ceil(width / blockSize);
  const values = new Uint8Array((rows * blocks * blockSize) / 2).fill(0x88);
  const scales = new Float32Array(rows * blocks);
  for (let block = 0; block < rows * blocks; block++) {
    const row = Math.floor(block / blocks);
    const begin = (block % blocks) * blockSize;
    const part = matrix.subarray(row * width + begin, row * width + Math.min(begin + blockSize, width));
    // The value of the largest magnitude becomes -8, the one end that has no counterpart.
    const extreme = part.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    const scale = extreme === 0 ? 1 : extreme / -8;
    scales[block] = scale;
    for (const [i, value] of part.entries()) {
      const half = Math.min(15, Math.max(0, Math.round(value / scale) + 8));
      const at = (block * blockSize + i) >> 1;
      values[at] = i % 2 === 0 ? (values[at]! & 0xf0) | half : (values[at]! & 0x0f) | (half << 4);
    }
  }
  return { values, scales };
};
