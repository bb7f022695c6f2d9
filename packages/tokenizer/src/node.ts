export { countWordsInThreads } from "./threads/count-words.ts";
export { createEncoderPool, type EncoderPool } from "./threads/encoder-pool.ts";
