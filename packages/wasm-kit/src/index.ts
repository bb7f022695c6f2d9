export { type CompiledFor, checkLayout } from "./check-layout.ts";
export { FLOATS, FLOATS_AT, INTS, KC, LAYOUT, MR, NR, TILE_BYTES } from "./layout.ts";
export { gemmScratch } from "./packing.ts";
