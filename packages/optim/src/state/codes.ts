import { fault } from "@cramkit/errors";
import {
  abs,
  add,
  cast,
  div,
  floorDiv,
  gather,
  getBackend,
  getKernel,
  lessEqual,
  max,
  maximum,
  mul,
  pad,
  reshape,
  scalar,
  searchSorted,
  slice,
  stack,
  sub,
  type Tensor,
  tensor1d,
  unstack,
  zeros,
} from "@tensorflow/tfjs-core";
import { bordersOf, dynamicMap } from "./dynamic-map.ts";

// A moment in 8 bits a value: codes of a dynamic map, and the largest absolute value of each block as a float32.

/** Values that share a scale: bitsandbytes' since its version 0.46, which had 2048 before. */
const blockSize = 256;

/** `words` [blocks, 64 or 86] int32: four codes a word, or three; `scales` [blocks, 1]. */
export type Coded = { readonly words: Tensor; readonly scales: Tensor };

/** A map and its borders on the device. */
export interface CodeTable {
  readonly map: Tensor;
  readonly borders: Tensor;
}

export const codeTable = (signed: boolean): CodeTable => {
  const map = dynamicMap(signed);
  return { map: tensor1d(map), borders: tensor1d(bordersOf(map)) };
};

const wordsFor = (codesPerWord: number): number => Math.ceil(blockSize / codesPerWord);

/** WebGPU's and WebGL's kernels compute int32 in float32, which is exact to 24 bits: three codes. */
const codesPerWord = (): number => (["webgpu", "webgl"].includes(getBackend()) ? 3 : 4);

const int = (value: number): Tensor => scalar(value, "int32");

/** The fourth code of a word is stored minus this, so that a word is an int32. */
const offsetOf = (place: number): number => (place === 3 ? 128 : 0);

/** codes [blocks, 256] int32 -> words */
const packed = (codes: Tensor): Tensor => {
  const perWord = codesPerWord();
  const words = wordsFor(perWord);
  const filled = pad(codes, [
    [0, 0],
    [0, perWord * words - blockSize],
  ]);
  return unstack(reshape(filled, [codes.shape[0]!, perWord, words]), 1)
    .map((part, place) => mul(sub(part, int(offsetOf(place))), int(256 ** place)))
    .reduce((sum, part) => add(sum, part));
};

/** words -> codes [blocks, 256] int32 */
const unpacked = (words: Tensor): Tensor => {
  const [blocks, length] = words.shape as [number, number];
  const perWord = length === wordsFor(3) ? 3 : 4;
  if (perWord > codesPerWord())
    throw fault({
      code: "unsupported",
      place: "adamw8bit",
      problem: `expected a state with three codes a word, which is all that the backend "${getBackend()}" computes exactly, got one with four`,
      remedy: "go on with the backend that made it",
      type: RangeError,
    });
  const parts: Tensor[] = [];
  let rest = words;
  for (let place = perWord - 1; place > 0; place--) {
    const digit = floorDiv(rest, int(256 ** place));
    rest = sub(rest, mul(digit, int(256 ** place)));
    parts.unshift(add(digit, int(offsetOf(place))));
  }
  parts.unshift(rest);
  return slice(reshape(stack(parts, 1), [blocks, perWord * length]), [0, 0], [blocks, blockSize]);
};

/** The number of borders that are at most x, by halving: any shape, int32. */
export const codesByHalving = (x: Tensor, borders: Tensor): Tensor => {
  let codes: Tensor = zeros(x.shape, "int32");
  for (let half = 128; half >= 1; half /= 2) {
    const passed = cast(lessEqual(gather(borders, add(codes, int(half - 1))), x), "int32");
    codes = add(codes, mul(passed, int(half)));
  }
  return codes;
};

/** The same in one kernel, if the backend has it. */
const codesOf = (x: Tensor, borders: Tensor): Tensor => {
  if (!getKernel("SearchSorted", getBackend())) return codesByHalving(x, borders);
  return reshape(searchSorted(borders, reshape(x, [-1]), "right"), x.shape);
};

/** x [blocks, 256] -> its codes and scales. */
export const encoded = (x: Tensor, { borders }: CodeTable): Coded => {
  const scales = max(abs(x), 1, true);
  // A block of zeros stays one: 2^-126 is the smallest normal float32.
  return { words: packed(codesOf(div(x, maximum(scales, 2 ** -126)), borders)), scales };
};

/** -> [blocks, 256] */
export const decoded = ({ words, scales }: Coded, { map }: CodeTable): Tensor =>
  mul(gather(map, unpacked(words)), scales);

/** Blocks of so many elements; the last one may be filled up. */
export const blocksOf = (size: number): number => Math.ceil(size / blockSize);

/** A tensor of any shape as blocks, filled up with zeros: [blocks, 256]. */
export const inBlocks = (x: Tensor): Tensor => {
  const blocks = blocksOf(x.size);
  return reshape(pad(reshape(x, [x.size]), [[0, blocks * blockSize - x.size]]), [blocks, blockSize]);
};

/** The inverse of `inBlocks`. */
export const fromBlocks = (x: Tensor, shape: readonly number[], size: number): Tensor =>
  reshape(slice(reshape(x, [x.size]), [0], [size]), [...shape]);

/** Zeros for a tensor of `size` elements. */
export const codedZeros = (size: number, table: CodeTable): Coded => encoded(zeros([blocksOf(size), blockSize]), table);
