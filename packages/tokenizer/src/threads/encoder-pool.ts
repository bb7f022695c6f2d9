import { availableParallelism } from "node:os";
import type { EncodeInput, EncodeOptions } from "../encode-options.ts";
import { type Encoding, padBatch } from "../encoding.ts";
import { refuseUnknown } from "../options.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { readPaddingOf } from "../tokenizer-json.ts";
import type { WorkerRequest } from "./messages.ts";
import { checkThreads, startThread } from "./thread.ts";

/** Encodes on several threads what `Tokenizer` encodes on one, with the same results in the same order. */
export interface EncoderPool {
  encodeBatch(inputs: readonly EncodeInput[], options?: EncodeOptions): Promise<Encoding[]>;
  /** The ids of each text and nothing else: much less to hand over than whole encodings. */
  encodeIdsBatch(texts: readonly string[], options?: EncodeOptions): Promise<Uint32Array[]>;
  /** Ends the threads; they keep the process alive until then. */
  dispose(): Promise<void>;
}

const BATCH = 1 << 19;

export const createEncoderPool = (
  tokenizer: Tokenizer,
  options: {
    /** @defaultValue one a core */
    threads?: number;
  } = {},
): EncoderPool => {
  refuseUnknown("createEncoderPool", options, ["threads"]);
  const { threads = availableParallelism() } = options;
  checkThreads("createEncoderPool", threads);
  const json = tokenizer.toJSON();
  const pool = Array.from({ length: threads }, () => startThread({ encode: json }));

  const spread = async <I, T>(inputs: readonly I[], request: (part: readonly I[]) => WorkerRequest): Promise<T[]> => {
    const parts = split(inputs);
    const jobs = parts.map((part) => {
      const thread = pool.reduce((idlest, other) => (other.pending < idlest.pending ? other : idlest));
      return thread.ask<T[]>(request(part));
    });
    return (await Promise.all(jobs)).flat();
  };

  return {
    async encodeBatch(inputs, options = {}) {
      const encodings = await spread<EncodeInput, Encoding>(inputs, (part) => ({
        inputs: part,
        options: { ...options, padding: false },
      }));
      const padding = options.padding ?? readPaddingOf(json);
      if (padding) padBatch(encodings, padding);
      return encodings;
    },
    encodeIdsBatch: (texts, options = {}) => spread(texts, (part) => ({ texts: part, options })),
    async dispose() {
      await Promise.all(pool.map((thread) => thread.stop()));
    },
  };
};

/** Neighbouring inputs of some half a million characters together. */
const split = <I>(inputs: readonly I[]): I[][] => {
  const parts: I[][] = [];
  let size = BATCH;
  for (const input of inputs) {
    if (size >= BATCH) {
      parts.push([]);
      size = 0;
    }
    parts.at(-1)!.push(input);
    size += typeof input === "string" ? input.length : String(input).length;
  }
  return parts;
};
