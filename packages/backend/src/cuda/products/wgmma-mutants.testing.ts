import type { Mutant } from "../../cuda-emulator.ts";

const tile = { file: "/wgmma-tile.h" };
const kernels = { file: "/wgmma.cu" };

/** Faults that somebody could make in the products of Hopper. */
export const wgmmaMutants: readonly (Mutant & { name: string })[] = [
  { name: "no wait for copies", ...tile, from: "barrier_wait(full + slot, step / SLOTS & 1);", to: "" },
  { name: "full slots whose phase never flips", ...tile, from: "step / SLOTS & 1", to: "0u" },
  { name: "no wait for an empty slot", ...tile, from: "barrier_wait(empty + slot, (round - 1) & 1);", to: "" },
  { name: "empty slots a phase too late", ...tile, from: "(round - 1) & 1", to: "round & 1" },
  { name: "no arrival at an empty slot", ...tile, from: "barrier_arrive(empty + (step - 1) % SLOTS);", to: "" },
  { name: "a slot given back a step too early", ...tile, from: "(step - 1) % SLOTS", to: "step % SLOTS" },
  { name: "no wait for the products of a slot", ...tile, from: "wait_products<1>();", to: "" },
  { name: "no wait for the last products", ...tile, from: "finish_products(sums);", to: "" },
  { name: "products that are not committed", ...tile, from: "commit_products();", to: "" },
  { name: "no fence before products", ...tile, from: "begin_products(sums);", to: "" },
  { name: "barriers that the copy engine is not shown", ...tile, from: "publish_barriers();", to: "" },
  { name: "no barrier after the barriers are made", ...tile, from: "__syncthreads();", to: "" },
  { name: "an arrival too many counted", ...tile, after: "barrier_init(empty + i, ", from: "MULTIPLYING", to: "9u" },
  { name: "half of the bytes expected", ...tile, after: "(full + slot, ", from: "SLOT_BYTES", to: "SLOT_BYTES / 2" },
  { name: "a stride of half a pattern", ...tile, after: "part * 32, 16, ", from: "1024", to: "512" },
  { name: "the wrong stride across", ...tile, after: "BOX_BYTES, ", from: "1024", to: "2048" },
  { name: "the wrong leading distance", ...tile, after: "part * 2048, ", from: "BOX_BYTES", to: "1024u" },
  { name: "half of a part of k", ...tile, from: "part * 32", to: "part * 16" },
  { name: "another swizzle mode", ...tile, from: "1ull << 62", to: "2ull << 62" },
  { name: "slots that do not begin a pattern", ...tile, from: "-shared_address(shared) & 1023", to: "0u" },
  { name: "the rows of the first warpgroup for both", ...tile, from: "warp / 4 * BOX_BYTES", to: "0u" },
  { name: "boxes of b swapped", ...tile, from: "(2 + i) * BOX_BYTES", to: "(3 - i) * BOX_BYTES" },
  { name: "the last step left out", ...tile, from: "(k + BOX - 1) / BOX", to: "k / BOX" },
  { name: "rows of the result swapped", ...tile, from: "i / 2 % 2 * 8", to: "i / 2 % 2 * 4" },
  { name: "columns of the result swapped", ...tile, from: "(lane & 3) * 2", to: "(lane & 3) * 2 % 6" },
  { name: "no wait before sums go to the slots", ...tile, from: "meet_first<MULTIPLYING * 32>();", to: "" },
  { name: "no wait before sums are read", ...tile, from: "__syncwarp();", to: "" },
  { name: "the first batch of a for all", ...kernels, from: "flags & 4 ? batch : 0", to: "0u" },
  { name: "a map in memory that is not acquired", ...kernels, from: "acquire_map(&p.b);", to: "" },
  { name: "tiles of a list the wrong way", ...kernels, from: "block % down * 128", to: "block / down * 128" },
];
