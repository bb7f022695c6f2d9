export { createDraws, type Draws } from "./draws.ts";
export { type FillNormalOptions, type FillOptions, fillBits, fillNormal, fillUniform } from "./fill.ts";
export { permutation, shuffledIndices } from "./permutation.ts";
export { type RandomStream, randomStream } from "./random-stream.ts";
export { checkSeed } from "./seed.ts";
export { type StreamKey, streamKey, subKey, subSeed } from "./stream-key.ts";
export { threefry2x32 } from "./threefry.ts";
