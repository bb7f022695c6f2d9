export { countWordsInThreads } from "./threads/count-words";
export { createEncoderPool, type EncoderPool } from "./threads/encoder-pool";
