import type { EncodeInput, EncodeOptions } from "../encode-options.ts";
import type { TokenizerJson } from "../json/schema.ts";
import type { PipelineOptions } from "../pipeline.ts";

/** What a worker is started for. */
export type WorkerTask = { count: PipelineOptions; maxWords: number } | { encode: TokenizerJson };

/** Documents to count, the end of them, or texts to encode. */
export type WorkerRequest =
  | { documents: string[] }
  | { end: true }
  | { inputs: readonly EncodeInput[]; options: EncodeOptions }
  | { texts: readonly string[]; options: EncodeOptions };

/** Every request is answered once, in order. */
export type WorkerReply = { result: unknown } | { error: Error };
