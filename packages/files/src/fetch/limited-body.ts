import { fault, toFault } from "@cramkit/errors";
import { leastBytes } from "./waiting.ts";

export interface BodyLimits {
  /** For errors. */
  readonly url: string;
  readonly maxBytes: number;
  readonly silenceMs: number;
}

/** The same body, which ends in an error when it exceeds its limit or when nothing comes any more. */
export const limitedBody = (
  body: ReadableStream<Uint8Array>,
  { url, maxBytes, silenceMs }: BodyLimits,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader();
  let bytes = 0;
  let fresh = 0;
  let leftMs = silenceMs; // only time that is spent waiting for the server counts, not that of a slow reader
  const read = async (): Promise<Uint8Array | undefined> => {
    const since = performance.now();
    const { value } = await inTime(reader.read(), leftMs, () => silent(url, silenceMs));
    leftMs -= performance.now() - since;
    if (value === undefined) return undefined;
    bytes += value.byteLength;
    fresh += value.byteLength;
    if (bytes > maxBytes) throw tooLarge(url, maxBytes);
    if (fresh >= leastBytes) {
      fresh = 0;
      leftMs = silenceMs;
    }
    return value;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await read();
          if (chunk) controller.enqueue(chunk);
          else controller.close();
        } catch (error) {
          controller.error(networkFault(url, error));
          void reader.cancel(error).catch(() => {}); // does not always come back from a connection that is stuck
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
};

/** Rejects with `late()` when a promise takes longer. */
const inTime = async <T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
};

export const silent = (url: string, silenceMs: number) =>
  fault({
    code: "network",
    place: url,
    problem: `expected an answer, got nothing for ${Math.round(silenceMs / 1000)} s`,
    remedy: "try again later",
  });

export const tooLarge = (url: string, maxBytes: number) =>
  fault({
    code: "too-large",
    place: url,
    problem: `expected an answer of at most ${maxBytes} bytes, got more`,
    remedy: "check the address: this is not what it should be",
  });

/** What `fetch` and its bodies reject with, as a fault: its own error says "fetch failed", and its cause why. */
export const networkFault = (url: string, error: unknown): unknown => {
  if (!(error instanceof TypeError)) return toFault(error, { place: url });
  const cause = toFault(error.cause, { place: url });
  if (cause !== error.cause) return cause;
  const problem = `the request failed (${error.cause instanceof Error ? error.cause.message : error.message})`;
  return fault({ code: "network", place: url, problem, remedy: "check the address and the network", cause: error });
};
