import { setTimeout } from "node:timers/promises";

/** The hub counts requests in windows of five minutes; what asks for more than twice that is not worth waiting for. */
const longestWaitMs = 600_000;

/**
 * `fetch` that comes again when a server which has enough (429, 503) says that it may: by `Retry-After`, in seconds or as
 * a date, or by the seconds `t` of the hub's `RateLimit`. After `retries` waits the answer is handed on.
 */
export const waitingFetch = async (
  url: string,
  { retries, ...init }: RequestInit & { retries: number },
): Promise<Response> => {
  for (let waits = 0; ; waits++) {
    const response = await fetch(url, init);
    const waitMs = response.status === 429 || response.status === 503 ? announcedWaitMs(response.headers) : undefined;
    if (waitMs === undefined || waitMs > longestWaitMs || waits >= retries) return response;
    await response.body?.cancel();
    await setTimeout(waitMs, undefined, { signal: init.signal ?? undefined });
  }
};

const announcedWaitMs = (headers: Headers): number | undefined => {
  const after = headers.get("retry-after") ?? /(?:^|;)\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (after === undefined) return undefined;
  const waitMs = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
};
